"""The telling views of each split, cropped to the person."""

from dataclasses import replace

from incarnate.avatars.body import BodyAvatar
from incarnate.capture.capture import Capture
from incarnate.evaluate.body_gallery import draw_body_pictures
from incarnate.evaluate.body_measures import score_view
from incarnate.evaluate.body_scores import BodyReport, BodySplit
from incarnate.evaluate.body_splits import View
from incarnate.evaluate.body_trial import open_body_trial
from incarnate.evaluate.scores import Options


def test_worst_median_and_best_of_a_split(body: BodyAvatar, body_capture: Capture) -> None:
    trial = open_body_trial(body, body_capture, options=Options())
    known = score_view(trial, View(0, 2), {})
    pictures = tuple(
        replace(known, index=i, psnr_matte=psnr) for i, psnr in ((0, 21.0), (1, 19.0), (2, 20.0))
    )
    report = BodyReport("ada", "waving", {}, (BodySplit("held-out camera", pictures),))
    rows = draw_body_pictures(trial, report)
    assert [row.title for row in rows] == [
        "Worst: frame 1 of wave, cam02",
        "Median: frame 2 of wave, cam02",
        "Best: frame 0 of wave, cam02",
    ]
    assert rows[0].caption == "19.0 dB inside the matte, a training pose"
    assert [label for label, _ in rows[0].panels][:2] == ["truth", "avatar"]
    sizes = {picture.shape for _, picture in rows[0].panels}
    assert len(sizes) == 1
    [(height, width, _)] = sizes
    # The person stands: the crop is narrower than the picture, and not a thin strip.
    assert 0.6 * height < width < 64


def test_two_pictures_need_one_row(body: BodyAvatar, body_capture: Capture) -> None:
    trial = open_body_trial(body, body_capture, options=Options())
    pictures = tuple(score_view(trial, view, {}) for view in (View(6, 0), View(7, 1)))
    report = BodyReport("ada", "waving", {}, (BodySplit("other clip", pictures),))
    [row] = draw_body_pictures(trial, report)
    assert row.group == "other clip"
    assert "dB on the garment, pose " in row.caption
    assert row.caption.endswith("cm from the nearest training pose")
