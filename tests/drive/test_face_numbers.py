"""The numbers that the browser viewer drives by are those of Python."""

import json
from pathlib import Path

import numpy as np

from incarnate.drive.face_numbers import face_numbers
from incarnate.drive.live_camera import head_points


def test_the_viewer_has_the_numbers_as_they_are(repository: Path) -> None:
    text = (repository / "viewer" / "data" / "face_numbers.json").read_text(encoding="utf-8")
    # Where this fails: python scripts/draw_viewer_data.py
    assert json.loads(text) == face_numbers()


def test_the_points_are_those_of_the_upper_face() -> None:
    rest, upper = head_points()
    numbers = face_numbers()
    places = np.array(numbers["headPlaces"]).reshape(-1, 3)
    # Rounded to a micrometre.
    np.testing.assert_allclose(places, rest[numbers["headPoints"]], atol=5.1e-7)
    # Eyes and forehead are among them, mouth and chin are not.
    assert upper[[33, 263, 10, 151]].all()
    assert not upper[[13, 14, 152, 61, 291]].any()
