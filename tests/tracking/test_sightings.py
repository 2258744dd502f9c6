"""The first look at a clip: one subject is followed, and what speaks against a clip is said."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from tests.tracking.made_sightings import made_sightings

from incarnate.errors import TrackingError
from incarnate.tracking.landmarks import Face, FaceFinder
from incarnate.tracking.sightings import (
    Sightings,
    check_one_face,
    drop_unseen,
    sight_clip,
    spans,
)
from incarnate.tracking.video import VideoFrame


class Scripted(FaceFinder):
    """Gives the faces that a list names, frame by frame."""

    def __init__(self, faces: list[list[Face]]) -> None:
        self._faces = iter(faces)

    def find(self, image: np.ndarray) -> list[Face]:
        return next(self._faces)


def face_at(x: float, size: float = 100.0) -> Face:
    cloud = np.random.default_rng(1).uniform(-0.5, 0.5, (478, 3)) * size
    return Face(
        cloud + np.array([x, 200.0, 0.0]), np.array([0.5, 0.1]), ("jawOpen", "eyeBlinkLeft")
    )


def frames(count: int) -> Iterator[VideoFrame]:
    for k in range(count):
        yield VideoFrame(k / 30, 3 * k, np.full((90, 120, 3), k, np.uint8))


def sighted(faces: list[list[Face]]) -> Sightings:
    return sight_clip(frames(len(faces)), Scripted(faces))


def test_every_frame_has_an_entry() -> None:
    faces = [[face_at(300)]] * 6 + [[]] * 2 + [[face_at(310)]] * 6
    told: list[tuple[int, int, str]] = []
    sightings = sight_clip(
        frames(14), Scripted(faces), num_expected=14, progress=lambda *step: told.append(step)
    )
    assert len(sightings) == 14
    assert (sightings.width, sightings.height) == (120, 90)
    assert sightings.seen.tolist() == [True] * 6 + [False] * 2 + [True] * 6
    assert sightings.indices.tolist() == [3 * k for k in range(14)]
    assert np.isnan(sightings.scores[6]).all()
    assert sightings.thumbnails[5].tolist() == np.full((16, 16, 3), 5).tolist()
    assert told[-1] == (14, 14, "finding the face")


def test_the_subject_is_followed_not_the_largest_face() -> None:
    subject = [face_at(300 + 5 * k) for k in range(12)]
    faces = [[subject[0]]] + [[face_at(600, 140), face] for face in subject[1:]]
    sightings = sighted(faces)
    np.testing.assert_allclose(
        sightings.points[:, :, 0].mean(1), [face.points[:, 0].mean() for face in subject]
    )
    assert sightings.second_sizes[0] == 0
    assert sightings.second_sizes[5] == pytest.approx(1.4, abs=0.01)


def test_a_second_face_that_stays_is_refused() -> None:
    sightings = sighted([[face_at(300), face_at(600, 90)]] * 20)
    with pytest.raises(TrackingError, match=r"two faces are in the picture in 20 of 20 frames"):
        check_one_face(sightings)


def test_a_passer_by_is_warned_about() -> None:
    faces = [[face_at(300)]] * 60
    faces[10:13] = [[face_at(300), face_at(600, 90)]] * 3
    [warning] = check_one_face(sighted(faces))
    assert warning == (
        "another face, small or soon gone, was ignored in 3 frames (frames 10-12 (0.33-0.40 s))"
    )
    assert check_one_face(sighted([[face_at(300)]] * 20)) == []


def test_a_small_face_in_the_background_may_stay() -> None:
    [warning] = check_one_face(sighted([[face_at(300), face_at(600, 20)]] * 20))
    assert "ignored in 20 frames" in warning


def test_frames_without_the_face_are_left_out_and_named() -> None:
    sightings = made_sightings(30)
    sightings.points[[3, 4, 5, 20]] = np.nan
    kept, [warning] = drop_unseen(sightings)
    assert len(kept) == 26
    assert kept.seen.all()
    assert 4 not in kept.indices
    assert warning == (
        "no face in 4 of 30 frames, which are left out "
        "(frames 3-5 (0.10-0.17 s), frame 20 (0.67 s))"
    )
    whole = made_sightings(30)
    assert drop_unseen(whole) == (whole, [])


def test_too_few_frames_with_a_face_are_an_error() -> None:
    sightings = made_sightings(30)
    sightings.points[8:] = np.nan
    with pytest.raises(TrackingError, match="found in only 8 of 30 frames; at least 12"):
        drop_unseen(sightings)


@pytest.mark.parametrize(
    ("faces", "text"),
    [
        ([[face_at(300)]], "the video is a single picture; an avatar needs a clip"),
        ([[face_at(300)]] * 5, "the clip is too short: 5 frames, at least 12 are needed"),
        ([[]] * 15, "no face was found in any of 15 frames; check that the video is upright"),
    ],
)
def test_clips_that_cannot_be_used_say_why(faces: list[list[Face]], text: str) -> None:
    with pytest.raises(TrackingError, match=re.escape(text)):
        sighted(faces)


def test_many_stretches_are_summed_up() -> None:
    chosen = np.arange(20) % 2 == 0
    words = spans(np.arange(20) / 10, chosen)
    assert words.startswith("frame 0 (0.00 s), frame 2 (0.20 s)")
    assert words.endswith("and 6 more stretches")
