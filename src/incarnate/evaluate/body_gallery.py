"""The pictures of a body's report: worst, median and best view of each split."""

from incarnate.evaluate.body_measures import person_box
from incarnate.evaluate.body_scores import BodyReport, BodyScores, BodySplit
from incarnate.evaluate.body_splits import View
from incarnate.evaluate.body_trial import BodyTrial
from incarnate.evaluate.gallery import comparison_row
from incarnate.evaluate.scores import Pair, PictureRow

# Three pictures side by side shall fit on a screen; width over height.
_LEAST_ASPECT = 0.7


def draw_body_pictures(trial: BodyTrial, report: BodyReport) -> tuple[PictureRow, ...]:
    """Draw the views that say most about a body, cropped as they are judged.

    Args:
        trial: Avatar and capture.
        report: Their scores, by which the views are chosen.
    """
    return tuple(
        _row(trial, split, word, scores)
        for split in report.splits
        for word, scores in _telling(split)
    )


def _telling(split: BodySplit) -> list[tuple[str, BodyScores]]:
    """Worst, median and best by the PSNR inside the matte; of one or two pictures the worst."""
    ranked = sorted(split.pictures, key=lambda s: s.psnr if s.psnr_matte is None else s.psnr_matte)
    if len(ranked) < 3:
        return [("worst", ranked[0])]
    return [("worst", ranked[0]), ("median", ranked[len(ranked) // 2]), ("best", ranked[-1])]


def _row(trial: BodyTrial, split: BodySplit, word: str, scores: BodyScores) -> PictureRow:
    capture = trial.capture
    camera = capture.camera_names[scores.camera]
    clip = f" of {capture.clips[scores.index]}" if capture.clips else ""
    title = f"{word.capitalize()}: frame {scores.index}{clip}, {camera}"
    pose = f"pose {scores.pose_distance:.1f} cm from the nearest training pose"
    caption = f"{_decibels(scores.psnr_matte)} inside the matte, "
    if scores.psnr_garment is not None:
        caption += f"{_decibels(scores.psnr_garment)} on the garment, "
    if split.name == "held-out camera":
        pose = "a training pose"
    pair = _framed(trial.draw(View(scores.index, scores.camera)).pair)
    return comparison_row(split.name, title, caption + pose, pair)


def _framed(pair: Pair) -> Pair:
    """The crop that is judged, with more on both sides of a person who stands."""
    rows, columns = person_box(pair.matte)
    missing = int(_LEAST_ASPECT * (rows.stop - rows.start)) - (columns.stop - columns.start)
    more = max(missing, 0) // 2
    wide = slice(max(columns.start - more, 0), columns.stop + more)
    return Pair(pair.image[rows, wide], pair.truth[rows, wide], pair.matte[rows, wide])


def _decibels(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} dB"
