"""The face finder on real pictures: alone, small, off centre, twice, of odd width, absent."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.tracking.clips import face_frames, noise_frames

from incarnate.errors import ModelFileError
from incarnate.tracking.landmarks import Face, FaceFinder, face_finder


@pytest.fixture(scope="module")
def frame(shared_data: Path) -> np.ndarray:
    return face_frames(shared_data, 1)[0]


@pytest.fixture
def finder(shared_data: Path) -> Iterator[FaceFinder]:
    with face_finder() as found:
        yield found


def shrunk(frame: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).resize((size, size), Image.Resampling.LANCZOS))


def pasted(canvas: np.ndarray, picture: np.ndarray, left: int, top: int) -> np.ndarray:
    canvas = canvas.copy()
    canvas[top : top + len(picture), left : left + len(picture)] = picture
    return canvas


def grey(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 128, np.uint8)


def test_a_face_has_its_points_where_it_is(finder: FaceFinder, frame: np.ndarray) -> None:
    [face] = finder.find(frame)
    assert face.points.shape == (478, 3)
    left, top, right, bottom = face.box
    # The head of this footage fills its middle.
    assert 80 < left < 256 < right < 460
    assert 60 < top < 256 < bottom < 512
    nose, chin, brow = face.points[1], face.points[152], face.points[10]
    assert brow[1] < nose[1] < chin[1]
    assert nose[2] < face.points[234, 2]  # the nose is nearer than the ear: negative depth
    assert face.size == max(right - left, bottom - top)
    names = face.score_names
    assert len(names) == len(face.scores) == 51
    assert {"jawOpen", "eyeBlinkLeft", "eyeLookOutRight"} <= set(names)
    assert "_neutral" not in names


def test_points_follow_the_picture(finder: FaceFinder, frame: np.ndarray) -> None:
    [here] = finder.find(frame)
    with face_finder() as other:
        [there] = other.find(pasted(grey(600, 700), frame, 150, 60))
    shift = np.median(there.points[:468, :2] - here.points[:468, :2], axis=0)
    # The network sees another crop: agreement within two pixels of a face of 300.
    np.testing.assert_allclose(shift, [150, 60], atol=2)


def test_a_small_face_is_found_and_followed(finder: FaceFinder, frame: np.ndarray) -> None:
    small = shrunk(frame, 120)
    sizes: list[Face] = []
    for step in range(4):
        [face] = finder.find(pasted(grey(720, 1280), small, 900 + 20 * step, 400))
        sizes.append(face)
    moved = [face.center[0] for face in sizes]
    np.testing.assert_allclose(np.diff(moved), 20, atol=4)
    assert 900 < moved[0] < 1020


@pytest.mark.parametrize("width", [333, 411])
def test_an_odd_width_is_no_obstacle(finder: FaceFinder, frame: np.ndarray, width: int) -> None:
    left = (512 - width) // 2
    [face] = finder.find(frame[:, left : left + width])
    assert 0 < face.center[0] < width


def test_two_faces_are_both_seen_largest_first(finder: FaceFinder, frame: np.ndarray) -> None:
    both = pasted(pasted(grey(400, 800), shrunk(frame, 380), 0, 10), shrunk(frame, 300), 450, 50)
    first, second = finder.find(both)
    assert first.center[0] < 400 < second.center[0]
    assert first.size > second.size


def test_no_face_is_an_empty_list_and_one_may_come_later(
    finder: FaceFinder, frame: np.ndarray
) -> None:
    assert finder.find(noise_frames(1, 512, 512)[0]) == []
    assert finder.find(noise_frames(1, 512, 512)[0]) == []
    assert len(finder.find(frame)) == 1


def test_a_missing_model_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCARNATE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelFileError, match=r"face_landmarker.*incarnate doctor --fetch"):
        face_finder().__enter__()
