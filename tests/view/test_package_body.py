"""A body's package: Python reads back the pictures that went in, and refuses what is damaged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.avatars.moving_bodies import SMALL_BODY
from tests.view.packages import body_stage, changed, extension_of, lively_body, misfits

from incarnate.avatars.avatar import Avatar, render
from incarnate.avatars.body import BodyAvatar
from incarnate.errors import AvatarError
from incarnate.evaluate.metrics import psnr
from incarnate.geometry.colors import srgb_from_linear
from incarnate.light.procedural import procedural_environment
from incarnate.rigs.moments import moments
from incarnate.rigs.rig import Pose, rest_pose
from incarnate.view.package import read_package, write_package
from incarnate.view.package_body import PackagedBody


@pytest.fixture(scope="module")
def body() -> BodyAvatar:
    return lively_body()


@pytest.fixture(scope="module")
def package_file(body: BodyAvatar, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("body-package") / "lively.glb"
    write_package(body, body_stage(body), path, about={"capture": "lively"})
    return path


def agreement(body: BodyAvatar, path: Path, light: str | None = None) -> float:
    """PSNR in dB of what the body and its package show of two frames, the worse of them."""
    package, stage = read_package(path), body_stage(body)
    env = None if light is None else procedural_environment(light, 32)

    def seen(avatar: Avatar, pose: Pose) -> torch.Tensor:
        return srgb_from_linear(render(avatar, pose, stage.camera, env).clamp(0, 1))

    # Each clip begins anew: nothing is remembered of the one before.
    poses = [*moments(stage.poses[:4], stage.fps), *moments(stage.poses[4:], stage.fps)]
    with torch.no_grad():
        return min(
            float(psnr(seen(body, poses[i]), seen(package.avatar, package.stage.poses[i])))
            for i in (2, 6)
        )


@pytest.mark.parametrize("light", [None, "sky"])
def test_python_reads_back_the_same_pictures(
    body: BodyAvatar, package_file: Path, light: str | None
) -> None:
    # Bytes for the basis and half floats: 50 dB and more in the matte of trained bodies.
    assert agreement(body, package_file, light) > 50


@pytest.mark.parametrize(
    "model",
    [
        replace(SMALL_BODY, dependence="static"),
        replace(SMALL_BODY, key_poses=0),
        replace(SMALL_BODY, network=None, influences=0),
        replace(SMALL_BODY, shading="baked", history=()),
    ],
)
def test_every_switch_of_the_model_survives(model: Any, tmp_path: Path) -> None:
    body = lively_body(model)
    write_package(body, body_stage(body), tmp_path / "a.glb")
    assert agreement(body, tmp_path / "a.glb") > 45


def test_clips_come_back_by_name(body: BodyAvatar, package_file: Path) -> None:
    package, stage = read_package(package_file), body_stage(body)
    assert package.stage.clips == stage.clips
    assert package.stage.fps == 25.0
    for name in ("root_rotation", "root_translation", "joint_rotations"):
        # Rotations are quaternions of float32.
        torch.testing.assert_close(
            getattr(package.stage.poses, name), getattr(stage.poses, name), atol=1e-5, rtol=0
        )


def test_what_a_pose_changes_shows(package_file: Path) -> None:
    package = read_package(package_file)
    assert isinstance(package.avatar, PackagedBody)
    pose = package.stage.poses[6]
    plain = replace(pose, expression=torch.zeros_like(pose.expression))
    camera = package.stage.camera
    moved = package.avatar.splat(pose, camera).means - package.avatar.splat(plain, camera).means
    assert moved.norm(dim=-1).max() > 1e-3
    assert torch.isfinite(package.avatar.splat(rest_pose(package.avatar.rig), camera).means).all()


def test_a_body_without_its_decoder_is_refused_with_the_command(
    body: BodyAvatar, tmp_path: Path
) -> None:
    plain = lively_body()
    plain.distilled = None
    with pytest.raises(AvatarError, match="incarnate distil AVATAR CAPTURE"):
        write_package(plain, body_stage(body), tmp_path / "a.glb")
    assert not (tmp_path / "a.glb").exists()


def test_the_extension_follows_its_schema(package_file: Path, repository: Path) -> None:
    schema = json.loads((repository / "docs" / "avatar-package.schema.json").read_text())
    extension = extension_of(package_file)
    assert not misfits(extension, schema, schema, "root")
    assert misfits({**extension, "version": 1}, schema, schema, "root")
    del extension["changes"]
    assert misfits(extension, schema, schema, "root") == ["root.changes is missing"]


@pytest.mark.parametrize(
    ("change", "to", "text"),
    [
        ("changes.basis.shape", [1 << 40, 14, 8], "has the shape"),
        ("changes.basis.shape", [1 << 62, 1 << 62, 1 << 62], "has the shape"),
        ("changes.start.type", "O", "has the type 'O'"),
        ("changes.start.bufferView", 999, "is missing"),
        ("changes.basisScale.shape", [14, 1 << 50], "has the shape"),
        ("changes.units", [1.0], "limits must be 14"),
        ("changes.limits", [0.0] * 14, "limits above zero"),
        ("changes.limits", ["much"] * 14, "damaged"),
        ("expressions", ["one"], "has the shape"),
        ("clips.1.fps", 10, "one rate"),
        ("clips.0.animation", 7, "damaged"),
        ("kind", "head", "damaged"),
    ],
)
def test_a_damaged_package_is_refused(
    package_file: Path, tmp_path: Path, change: str, to: Any, text: str
) -> None:
    with pytest.raises(AvatarError, match=text):
        read_package(changed(package_file, change, to, tmp_path / "bad.glb"))


def test_bytes_at_random_are_read_or_refused(package_file: Path, tmp_path: Path) -> None:
    whole, draw = package_file.read_bytes(), torch.Generator().manual_seed(5)
    length = int.from_bytes(whole[12:16], "little")
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        # In the JSON: binary bytes are numbers, and any are numbers.
        for place in torch.randint(20, 20 + length, (3,), generator=draw).tolist():
            damaged[place] = int(torch.randint(32, 127, (), generator=draw))
        (tmp_path / "bad.glb").write_bytes(bytes(damaged))
        try:
            read_package(tmp_path / "bad.glb")
        except AvatarError:
            refused += 1
    assert refused > 10
