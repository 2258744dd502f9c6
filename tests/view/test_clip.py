"""Clips: exposure, backgrounds, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.evaluate.ball import Ball, ball_camera, ball_poses, tiny_rig

from incarnate.avatars.avatar import render
from incarnate.errors import RenderError
from incarnate.geometry.colors import bytes_from_linear, linear_from_srgb
from incarnate.light.environment import Environment, directions_of_texels
from incarnate.light.sampling import radiance_along
from incarnate.view.clip import Look, Shot, colour_of, write_clip
from incarnate.view.video import VideoWriter

BLACK = torch.zeros(3)
Draw = Callable[[list[Shot], Look], list[np.ndarray]]


@pytest.fixture(scope="module")
def ball() -> Ball:
    return Ball(tiny_rig())


@pytest.fixture
def draw(ball: Ball, tmp_path: Path) -> Draw:
    """Writes a clip as pictures and reads them back."""

    def drawn(shots: list[Shot], look: Look) -> list[np.ndarray]:
        with VideoWriter(tmp_path / "frames", fps=25.0) as writer:
            write_clip(ball, shots, writer, look=look)
        return [np.asarray(Image.open(p)) for p in sorted((tmp_path / "frames").iterdir())]

    return drawn


@pytest.fixture
def light() -> Environment:
    """Brighter from above."""
    up = 0.5 + 0.5 * directions_of_texels(8, 16)[..., 1:2]
    return Environment(up * torch.tensor([0.5, 0.7, 1.0]), name="dome")


def shots_of(ball: Ball, light: Environment | None = None, count: int = 2) -> list[Shot]:
    poses = ball_poses(ball, 6)
    return [Shot(poses[i], ball_camera(), light) for i in range(count)]


def test_pictures_are_those_of_render(ball: Ball, draw: Draw) -> None:
    shots = shots_of(ball)
    pictures = draw(shots, Look(BLACK))
    assert len(pictures) == 2
    for shot, picture in zip(shots, pictures, strict=True):
        expected = bytes_from_linear(render(ball, shot.pose, shot.camera))
        np.testing.assert_array_equal(picture, expected)
    assert (pictures[0] != pictures[1]).any()


def test_a_stop_doubles_linear_colour(ball: Ball, draw: Draw) -> None:
    (dark,) = draw(shots_of(ball, count=1), Look(BLACK, exposure=-2.0))
    expected = render(ball, ball_poses(ball)[0], ball_camera()) / 4
    np.testing.assert_array_equal(dark, bytes_from_linear(expected))


def test_a_plain_background_is_behind_the_person(ball: Ball, draw: Draw) -> None:
    (picture,) = draw(shots_of(ball, count=1), Look(colour_of("#40464f")))
    assert picture[0, 0].tolist() == [0x40, 0x46, 0x4F]
    # The ball covers the middle: its colour there is as over black.
    (over_black,) = draw(shots_of(ball, count=1), Look(BLACK))
    np.testing.assert_array_equal(picture[24, 20], over_black[24, 20])


def test_the_light_itself_can_be_the_background(ball: Ball, draw: Draw, light: Environment) -> None:
    (picture,) = draw(shots_of(ball, light, 1), Look(None))
    expected = bytes_from_linear(radiance_along(light, ball_camera().pixel_rays()))
    # The ball leaves the corners free.
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        np.testing.assert_array_equal(picture[corner], expected[corner])
    assert int(picture[0, 0, 2]) > int(picture[-1, 0, 2])


def test_without_a_light_there_is_none_to_show(ball: Ball, draw: Draw) -> None:
    with pytest.raises(RenderError, match="name one with --light"):
        draw(shots_of(ball), Look(None))


def test_progress_counts_pictures(ball: Ball, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with VideoWriter(tmp_path / "frames", fps=25.0) as writer:
        write_clip(
            ball, shots_of(ball), writer, look=Look(BLACK),
            progress=lambda done, total, _: told.append((done, total)),
        )  # fmt: skip
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(("text", "srgb"), [("black", 0.0), ("white", 1.0), ("#808080", 128 / 255)])
def test_colours_are_srgb(text: str, srgb: float) -> None:
    torch.testing.assert_close(colour_of(text), linear_from_srgb(torch.full((3,), srgb)))


@pytest.mark.parametrize("text", ["grey", "#12345", "404040", "#gggggg", "", "#12 34 56 78"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(RenderError, match="give black, white, light, or a colour such as #40464f"):
        colour_of(text)
