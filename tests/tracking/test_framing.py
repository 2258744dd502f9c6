"""The crop: the head with hair and shoulders, inside of the picture, and points that follow."""

import numpy as np
import pytest
from tests.tracking.made_sightings import made_sightings

from incarnate.tracking.framing import Crop, frame_head


def test_the_crop_leaves_room_around_the_face() -> None:
    crop, warnings = frame_head(made_sightings(20, center=(960.0, 500.0), face=300.0), 256)
    assert warnings == []
    left, top = 960 - 150, 500 - 150
    assert crop.left <= left - 0.4 * 300
    assert crop.top <= top - 0.4 * 300
    assert crop.left + crop.side >= left + 300 * 1.4
    assert crop.top + crop.side >= top + 300 * 1.5
    assert crop.size == 256


@pytest.mark.parametrize("center", [(100.0, 100.0), (1850.0, 1000.0), (960.0, 1040.0)])
def test_the_crop_stays_inside_of_the_picture(center: tuple[float, float]) -> None:
    crop, _ = frame_head(made_sightings(20, center=center, face=300.0), 256)
    assert crop.left >= 0
    assert crop.top >= 0
    assert crop.left + crop.side <= 1920
    assert crop.top + crop.side <= 1080


def test_what_does_not_fit_is_lost_below() -> None:
    crop, _ = frame_head(made_sightings(20, center=(960.0, 500.0), face=700.0), 256)
    assert crop.side == 1080
    assert crop.top == 0


def test_one_wrong_detection_does_not_set_the_crop() -> None:
    sightings = made_sightings(200, center=(960.0, 500.0), face=300.0)
    good, _ = frame_head(sightings, 256)
    sightings.points[77, :, :2] += 600
    assert frame_head(sightings, 256)[0] == good


def test_a_wider_margin_takes_a_wider_crop() -> None:
    sightings = made_sightings(10, center=(960.0, 500.0), face=200.0)
    assert frame_head(sightings, 256, margin=1.5)[0].side > frame_head(sightings, 256)[0].side


def test_a_small_face_is_warned_about() -> None:
    _, warnings = frame_head(made_sightings(10, center=(960.0, 500.0), face=60.0), 512)
    assert len(warnings) == 1
    assert "the face is only 60 pixels high" in warnings[0]
    assert "lower --size" in warnings[0]


def test_points_and_pictures_are_cropped_alike() -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    image[60:64, 80:84] = 255
    crop = Crop(left=40, top=20, side=80, size=160)
    picture = crop.picture(image)
    rows, columns = np.nonzero(picture[..., 0] > 128)
    expected = crop.points(np.array([82.0, 62.0, 5.0]))
    # The middle of the square, pixel centres at one half.
    np.testing.assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], expected[:2], atol=0.1)
    assert expected[2] == 10


def test_a_crop_of_its_own_size_is_not_resampled() -> None:
    image = np.random.default_rng(1).integers(0, 255, (50, 60, 3), dtype=np.uint8)
    crop = Crop(left=5, top=7, side=32, size=32)
    assert (crop.picture(image) == image[7:39, 5:37]).all()
