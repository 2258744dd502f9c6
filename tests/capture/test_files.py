"""Opening capture folders."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from incarnate.capture.capture import Capture
from incarnate.capture.files import camera_entry, load_capture, manifest_of
from incarnate.capture.manifest import manifest_json, parse_manifest
from incarnate.capture.writing import CaptureWriter
from incarnate.errors import CaptureError
from incarnate.light.environment import Environment

from tests.capture.tiny import tiny_camera, tiny_header, tiny_pixels  # isort: skip


def test_a_capture_and_its_manifest_say_the_same(make_capture: Callable[..., Capture]) -> None:
    capture = make_capture()
    manifest = manifest_of(capture)
    assert parse_manifest(manifest_json(manifest)) == manifest
    assert manifest.name == "tiny"
    assert manifest.consent is not None
    assert manifest.consent.subject == "nobody"
    assert [frame.split for frame in manifest.frames] == ["train"] * 3 + ["test"]
    assert manifest.provenance == {"seed": 3}


def test_clips_and_test_cameras_come_back(tmp_path: Path) -> None:
    views = {"left": tiny_camera(), "right": tiny_camera()}
    header = tiny_header(cameras=views, test_cameras=("right",))
    with CaptureWriter(tmp_path / "c", header) as writer:
        for index, clip in enumerate(("walk", "walk", "jump")):
            writer.add_frame(index / 25, "train", clip=clip)
    capture = load_capture(tmp_path / "c")
    assert capture.clips == ("walk", "walk", "jump")
    assert capture.test_cameras == (1,)
    assert parse_manifest(manifest_json(manifest_of(capture))) == manifest_of(capture)


def test_cameras_come_back_to_the_last_bit(make_capture: Callable[..., Capture]) -> None:
    (camera,) = make_capture().cameras
    expected = tiny_camera()
    # float64 text holds every float32 exactly.
    assert torch.equal(camera.intrinsics, expected.intrinsics)
    assert torch.equal(camera.camera_from_world, expected.camera_from_world)
    assert camera_entry("front", camera) == camera_entry("front", expected)


def test_lights_come_back(tmp_path: Path) -> None:
    light = Environment(torch.rand(4, 8, 3))
    with CaptureWriter(tmp_path / "c", tiny_header()) as writer:
        writer.write_image(writer.add_frame(0.0, "train"), tiny_pixels(0))
        writer.set_light(light)
        writer.add_relight("sky", light.scaled(2.0))
    capture = load_capture(tmp_path / "c")
    assert capture.light is not None
    # Radiance files share one exponent: 8 bits below the largest channel.
    assert torch.allclose(capture.light.radiance, light.radiance, atol=1 / 128)
    assert torch.allclose(capture.relights["sky"].radiance, 2 * light.radiance, atol=1 / 64)
    (tmp_path / "c" / "lights" / "sky.hdr").unlink()
    with pytest.raises(CaptureError) as caught:
        load_capture(tmp_path / "c")
    assert str(caught.value) == (
        f"{tmp_path / 'c' / 'capture.json'} names the light 'lights/sky.hdr', which is missing; "
        "restore the file, or remove the entry."
    )


def test_other_folders_are_refused(tmp_path: Path) -> None:
    for folder, what in ((tmp_path, "has no capture.json"), (tmp_path / "x", "is not a folder")):
        with pytest.raises(CaptureError) as caught:
            load_capture(folder)
        assert str(caught.value) == (
            f"{folder} {what}; give the folder of a capture, or make one with `incarnate track` "
            "or `incarnate demo`."
        )


def test_errors_name_the_file(make_capture: Callable[..., Capture]) -> None:
    path = make_capture().folder / "capture.json"
    path.write_text(json.dumps({"format": "incarnate-capture", "version": 9}))
    with pytest.raises(CaptureError, match=r"capture\.json is version 9 of the capture format"):
        load_capture(path.parent)
