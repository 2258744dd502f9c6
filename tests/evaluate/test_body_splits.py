"""The splits of a body: disjoint, never of what training read, cameras in turn."""

from dataclasses import replace

from incarnate.capture.capture import Capture
from incarnate.evaluate.body_scores import SPLITS
from incarnate.evaluate.body_splits import View, clip_pairs, split_views, why_empty
from incarnate.evaluate.scores import Options

ALL = Options()


def test_no_split_has_a_picture_that_training_reads(body_capture: Capture) -> None:
    views = [view for split in SPLITS for view in split_views(body_capture, split, ALL)]
    assert len(views) == len(set(views)) == body_capture.num_frames
    for view in views:
        is_trained = body_capture.splits[view.frame] == "train"
        assert not (is_trained and view.camera in body_capture.train_cameras)


def test_each_split_asks_what_its_name_says(body_capture: Capture) -> None:
    camera, poses, clip = (split_views(body_capture, split, ALL) for split in SPLITS)
    assert camera == [View(frame, 2) for frame in (0, 1, 2, 4, 5)]
    assert poses == [View(3, 0)]
    # Training cameras take turns.
    assert clip == [View(6, 0), View(7, 1)]


def test_stride_and_most_frames_count_for_each_split(body_capture: Capture) -> None:
    options = Options(stride=2, max_frames=2)
    assert [len(split_views(body_capture, split, options)) for split in SPLITS] == [2, 1, 1]


def test_an_empty_split_says_why(body_capture: Capture) -> None:
    seen = replace(body_capture, test_cameras=(), clips=())
    assert split_views(seen, "held-out camera", ALL) == []
    assert "training reads all cameras" in why_empty(seen, "held-out camera")
    assert split_views(seen, "other clip", ALL) == []
    assert "no test frames outside the clips" in why_empty(seen, "other clip")
    assert "no test frames inside the clips" in why_empty(seen, "held-out poses")
    assert "no training frames" in why_empty(body_capture, "held-out camera")


def test_pairs_stay_within_their_clip(body_capture: Capture) -> None:
    pairs = clip_pairs(body_capture, ALL)
    assert pairs == {"wave": [(i, i + 1) for i in range(5)], "bow": [(6, 7)]}
    assert clip_pairs(body_capture, Options(max_frames=1))["wave"] == [(2, 3)]
    assert list(clip_pairs(replace(body_capture, clips=()), ALL)) == [body_capture.name]
