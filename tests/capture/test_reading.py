"""Decoding frames: colours, mattes, sizes, other lights and truth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.capture.tiny import HEIGHT, WIDTH, tiny_header, tiny_pixels

from incarnate.capture.capture import Capture
from incarnate.capture.files import load_capture
from incarnate.capture.layout import LABEL_BODY, LABEL_GARMENT, LABEL_NOTHING
from incarnate.capture.pictures import write_picture
from incarnate.capture.reading import (
    has_relit,
    has_truth,
    image_path,
    matte_path,
    read_frame,
    read_pseudo_albedo,
    read_relit_frame,
    read_truth,
)
from incarnate.capture.writing import CaptureWriter
from incarnate.errors import CaptureError
from incarnate.geometry.colors import linear_from_bytes
from incarnate.light.environment import Environment

LABELS = torch.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH, 1).remainder(3).float()


@pytest.fixture
def lit_capture(tmp_path: Path) -> Capture:
    """One frame, also under another light, with its truth."""
    with CaptureWriter(tmp_path / "lit", tiny_header()) as writer:
        frame = writer.add_frame(0.0, "test")
        writer.write_image(frame, tiny_pixels(0))
        writer.add_relight("sky", Environment(torch.ones(4, 8, 3)))
        writer.write_relit("sky", frame, tiny_pixels(5)[..., :3])
        writer.write_truth("albedo", frame, torch.full((HEIGHT, WIDTH, 3), 0.25))
        normal = torch.nn.functional.normalize(torch.tensor([0.3, -0.2, 0.9]), dim=0)
        writer.write_truth("normal", frame, normal.expand(HEIGHT, WIDTH, 3))
        writer.write_truth("roughness", frame, torch.full((HEIGHT, WIDTH, 1), 0.4))
        writer.write_truth("label", frame, LABELS)
    return load_capture(tmp_path / "lit")


def test_frames_are_linear_and_straight(make_capture: Callable[..., Capture]) -> None:
    frame = read_frame(make_capture(), 2)
    pixels = tiny_pixels(2)
    assert torch.equal(frame.image, linear_from_bytes(pixels[..., :3]))
    assert torch.equal(frame.matte, torch.from_numpy(pixels[..., 3]).float() / 255)
    assert frame.time == pytest.approx(2 / 25)


def test_mattes_beside_jpegs_are_found(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture(encoding="jpeg")
    assert image_path(capture, 1).suffix == ".jpg"
    assert matte_path(capture, 1) is not None
    matte = read_frame(capture, 1).matte
    assert torch.equal(matte, torch.from_numpy(tiny_pixels(1)[..., 3]).float() / 255)


def test_pictures_without_any_matte_are_covered(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    write_picture(image_path(capture, 0), tiny_pixels(0)[..., :3])
    assert (read_frame(capture, 0).matte == 1).all()


def test_the_camera_follows_the_size(make_capture: Callable[..., Capture]) -> None:
    frame = read_frame(make_capture(), 0, size=(6, 5))
    assert frame.image.shape == (5, 6, 3)
    assert (frame.camera.width, frame.camera.height) == (6, 5)
    full = read_frame(make_capture(), 0).camera
    point = torch.tensor([[0.01, 0.02, 0.03]])
    assert torch.allclose(frame.camera.project(point) * 2, full.project(point), atol=1e-4)


def test_relit_frames_have_the_matte_of_the_frame(lit_capture: Capture) -> None:
    relit = read_relit_frame(lit_capture, "sky", 0)
    assert torch.equal(relit.image, linear_from_bytes(tiny_pixels(5)[..., :3]))
    assert torch.equal(relit.matte, read_frame(lit_capture, 0).matte)
    assert has_relit(lit_capture, "sky", 0)
    assert not has_relit(lit_capture, "night", 0)
    with pytest.raises(CaptureError) as caught:
        read_relit_frame(lit_capture, "night", 0)
    assert str(caught.value) == (
        f"{lit_capture.folder} has no pictures under the light 'night'; it has: sky."
    )


def test_truth_comes_back(lit_capture: Capture) -> None:
    albedo = read_truth(lit_capture, "albedo", 0)
    # Eight bits of sRGB are at most 0.5 % of full scale apart at a quarter.
    assert torch.allclose(albedo, torch.full_like(albedo, 0.25), atol=5e-3)
    roughness = read_truth(lit_capture, "roughness", 0, size=(6, 5))
    assert torch.allclose(roughness, torch.full((5, 6, 1), 0.4), atol=1 / 255)
    normal = read_truth(lit_capture, "normal", 0)
    expected = torch.nn.functional.normalize(torch.tensor([0.3, -0.2, 0.9]), dim=0)
    # Each component is rounded to 1/127.
    assert torch.allclose(normal, expected.expand_as(normal), atol=1 / 127)
    assert torch.allclose(normal.norm(dim=-1), torch.ones(HEIGHT, WIDTH), atol=1e-5)


def test_labels_are_whole_numbers_at_any_size(lit_capture: Capture) -> None:
    assert torch.equal(read_truth(lit_capture, "label", 0), LABELS)
    smaller = read_truth(lit_capture, "label", 0, size=(WIDTH // 2, HEIGHT // 2))
    assert smaller.shape == (HEIGHT // 2, WIDTH // 2, 1)
    assert set(smaller.unique().tolist()) == {LABEL_NOTHING, LABEL_BODY, LABEL_GARMENT}


def test_missing_truth_is_named(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    assert not has_truth(capture, "albedo", 0)
    with pytest.raises(CaptureError) as caught:
        read_truth(capture, "albedo", 0)
    assert str(caught.value) == (
        f"{capture.folder} has no true albedo of frame 0; ask `has_truth` first."
    )


def test_a_picture_of_another_size_is_named(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    path = image_path(capture, 1)
    write_picture(path, np.zeros((3, 7, 4), np.uint8))
    with pytest.raises(CaptureError) as caught:
        read_frame(capture, 1)
    assert str(caught.value) == (
        f"{path} is 7×3 pixels, but its camera is 12×10; write the picture again, or mend the "
        "camera in capture.json."
    )


def test_guessed_albedo_is_read_where_it_is(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path / "c", tiny_header()) as writer:
        frames = [writer.add_frame(index / 25, "train") for index in range(2)]
        for index in frames:
            writer.write_image(index, tiny_pixels(index))
        writer.write_pseudo_albedo(frames[1], tiny_pixels(7)[..., :3])
        with pytest.raises(CaptureError, match="the albedo of frame 0 is 5×10 pixels, but its"):
            writer.write_pseudo_albedo(frames[0], tiny_pixels(7)[:, :5, :3])
    capture = load_capture(tmp_path / "c")
    assert read_pseudo_albedo(capture, 0) is None
    albedo = read_pseudo_albedo(capture, 1)
    assert albedo is not None
    assert torch.equal(albedo, linear_from_bytes(tiny_pixels(7)[..., :3]))
    smaller = read_pseudo_albedo(capture, 1, size=(WIDTH // 2, HEIGHT // 2))
    assert smaller is not None
    assert smaller.shape == (HEIGHT // 2, WIDTH // 2, 3)
