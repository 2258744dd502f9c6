"""``incarnate distil``: a body's network and memory as one small decoder, for slow machines."""

from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.avatars.body import BodyAvatar
    from incarnate.capture.capture import Capture

# Pictures of each split by which the loss is measured.
_MOST_PICTURES = 8


def distil(
    avatar: tyro.conf.Positional[Path],
    capture: tyro.conf.Positional[Path],
    *,
    components: int = 64,
    between: int = 400,
    seed: int = 0,
    threads: int = 0,
) -> None:
    """Distil what paints a body into a small decoder, by which render --fast draws.

    Args:
        avatar: Folder of a trained body; the decoder is added to it.
        capture: The capture it was trained on: its training poses, and those between, are asked.
        components: Principal components of what is painted.
        between: How many poses between those of the training are asked for.
        seed: Chooses the poses between, and the decoder's first weights.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from dataclasses import replace

    from incarnate.avatars.body import BodyAvatar
    from incarnate.avatars.body_files import save_distilled
    from incarnate.avatars.opening import load_avatar
    from incarnate.capture.files import load_capture
    from incarnate.capture.tracks import load_track
    from incarnate.cli.threads import use_threads
    from incarnate.errors import AvatarError
    from incarnate.rigs.rig import fits
    from incarnate.train.body_distillation import DISTILLED_BODY, distil_body

    use_threads(threads)
    who, seen = load_avatar(avatar), load_capture(capture)
    if not isinstance(who, BodyAvatar):
        raise AvatarError(f"{avatar} holds a head; only bodies have a decoder to distil.")
    if components < 1:
        raise AvatarError(f"--components {components}: give one at least")
    poses = load_track(seen).poses
    if not fits(poses, who.rig):
        raise AvatarError(
            f"{capture} has poses of another rig than {avatar}: give the capture that the body was "
            "trained on."
        )
    conditions = who.conditions(poses, seen.times, seen.clips)
    model = replace(DISTILLED_BODY, num_components=components)
    with ConsoleProgress() as progress:
        found = distil_body(
            who,
            [conditions[index] for index in seen.indices("train")],
            model,
            num_mixed=between,
            seed=seed,
            progress=progress,
        )
    who.distilled = found.painter
    losses = losses_of(who, seen)
    facts = {"variance_explained": found.variance_explained, "psnr": losses}
    save_distilled(found.painter, avatar, facts)
    print(f"wrote a decoder into {avatar}: {components} components from {found.num_poses} poses")
    print(f"it has {found.variance_explained:.1%} of the variance of what they paint")
    for split, (full, distilled) in losses.items():
        print(f"{split}: {full:.2f} dB by network and memory, {distilled:.2f} dB by the decoder")
    print(f"next: incarnate render {avatar} --fast -o {avatar.name}.mp4")


def losses_of(avatar: "BodyAvatar", capture: "Capture") -> dict[str, tuple[float, float]]:
    """PSNR in the matte over a few pictures of each split: in full, and distilled; dB."""
    import torch

    from incarnate.evaluate.body_measures import weighted_psnr
    from incarnate.evaluate.body_scores import SPLITS
    from incarnate.evaluate.body_splits import split_views
    from incarnate.evaluate.body_trial import open_body_trial
    from incarnate.evaluate.scores import Options

    options = Options(max_frames=_MOST_PICTURES)
    trial = open_body_trial(avatar, capture, options=options)
    means: dict[str, tuple[float, float]] = {}
    for split in SPLITS:
        pairs: list[tuple[float, float]] = []
        for view in split_views(capture, split, options):
            figures: list[float] = []
            for avatar.decoder in ("full", "distilled"):
                with torch.no_grad():
                    pair = trial.draw(view).pair
                figures.append(weighted_psnr(pair, pair.matte) or 0.0)
            pairs.append((figures[0], figures[1]))
        if pairs:
            full, distilled = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
            means[split] = full, distilled
    avatar.decoder = "full"
    return means
