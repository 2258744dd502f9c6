"""Which pictures of a capture a body is judged on: three splits that ask different things."""

from collections.abc import Sequence
from dataclasses import dataclass

from incarnate.capture.capture import Capture
from incarnate.evaluate.body_scores import SplitName
from incarnate.evaluate.scores import Options
from incarnate.evaluate.trial import thinned


@dataclass(frozen=True)
class View:
    """A frame seen by a camera."""

    frame: int
    """Index in the capture."""
    camera: int
    """Index in the capture."""


def split_views(capture: Capture, split: SplitName, options: Options) -> list[View]:
    """The pictures of a split, in time order; its cameras take turns from frame to frame.

    Args:
        capture: What is true.
        split: ``held-out camera``: training frames, seen by cameras that training never reads.
            ``held-out poses``: test frames of clips that are trained on. ``other clip``: test
            frames of clips that are not. The last two are seen by training cameras.
        options: Stride and most frames, of each split.
    """
    if split == "held-out camera":
        frames, cameras = capture.indices("train"), capture.test_cameras
    else:
        kind = "held-out pose" if split == "held-out poses" else "other clip"
        frames = [i for i in capture.indices("test") if capture.test_kind(i) == kind]
        cameras = capture.train_cameras
    if not cameras:
        return []
    chosen = thinned(frames, options)
    return [View(frame, cameras[i % len(cameras)]) for i, frame in enumerate(chosen)]


def why_empty(capture: Capture, split: SplitName) -> str:
    """Why a split has no picture."""
    if split == "held-out camera":
        if not capture.test_cameras:
            return "training reads all cameras of the capture"
        return "the capture has no training frames, or the options leave none"
    where = "inside" if split == "held-out poses" else "outside"
    return f"the capture has no test frames {where} the clips that are trained on"


def clip_pairs(capture: Capture, options: Options) -> dict[str, list[tuple[int, int]]]:
    """Pairs of consecutive frames of each clip, of both splits, in time order.

    Args:
        capture: What is true.
        options: Stride and most pairs, of each clip.
    """
    names: Sequence[str] = capture.clips or (capture.name,) * capture.num_frames
    pairs: dict[str, list[tuple[int, int]]] = {name: [] for name in dict.fromkeys(names)}
    last: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in last:
            pairs[name].append((last[name], index))
        last[name] = index
    return {name: thinned(found, options) for name, found in pairs.items() if found}
