"""The avatar package: Python reads back the pictures that went in, and refuses what is damaged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.view.packages import changed, extension_of, lively_avatar, lively_stage, misfits

from incarnate.avatars.avatar import Avatar, render
from incarnate.avatars.head import HeadModel
from incarnate.errors import AvatarError
from incarnate.evaluate.metrics import psnr
from incarnate.geometry.colors import srgb_from_linear
from incarnate.light.environment import Environment
from incarnate.light.procedural import procedural_environment
from incarnate.view.package import package_bytes, read_package, write_package
from incarnate.view.package_reduction import reduced_head

CONSENT = {"subject": "nobody", "statement": "made by code", "source": "this test"}
ABOUT = {"capture": "lively", "consent": CONSENT, "licenses": {"rig": "CC0-1.0"}, "steps": 3}


@pytest.fixture(scope="module")
def package_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "lively.glb"
    avatar = lively_avatar()
    write_package(avatar, lively_stage(avatar), path, about=ABOUT)
    return path


def pictures_agree(one: Avatar, other: Avatar, light: Environment | None) -> float:
    stage = lively_stage(lively_avatar())
    worst = 100.0
    with torch.no_grad():
        for index in (0, 3, 5):
            pair = [
                srgb_from_linear(render(a, stage.poses[index], stage.camera, light).clamp(0, 1))
                for a in (one, other)
            ]
            worst = min(worst, float(psnr(pair[0], pair[1])))
    return worst


@pytest.mark.parametrize("light", [None, "sky"])
def test_python_reads_back_the_same_pictures(package_file: Path, light: str | None) -> None:
    env = None if light is None else procedural_environment(light, 32)
    # Half floats, four joints and 32 skies cost 55 dB here, 45 on trained heads.
    assert pictures_agree(lively_avatar(), read_package(package_file).avatar, env) > 45


@pytest.mark.parametrize(
    "model",
    [
        HeadModel(num_codes=4, shading="baked"),
        HeadModel(num_codes=4, bases="frozen", occlusion="off"),
        HeadModel(num_codes=4, shadows="off"),
    ],
)
def test_every_switch_of_the_model_survives(model: HeadModel, tmp_path: Path) -> None:
    avatar = lively_avatar(800, model)
    write_package(avatar, lively_stage(avatar), tmp_path / "a.glb")
    head = read_package(tmp_path / "a.glb").avatar
    assert pictures_agree(avatar, head, procedural_environment("studio", 32)) > 45


def test_motion_camera_and_consent_come_back(package_file: Path) -> None:
    package, stage = read_package(package_file), lively_stage(lively_avatar())
    for name in ("root_rotation", "root_translation", "joint_rotations", "expression"):
        # Expressions are half floats, rotations quaternions of float32.
        torch.testing.assert_close(
            getattr(package.stage.poses, name), getattr(stage.poses, name), atol=1e-3, rtol=0
        )
    assert package.stage.fps == 25.0
    assert torch.equal(package.stage.camera.intrinsics, stage.camera.intrinsics)
    assert package.about == {"name": "lively", "consent": CONSENT, "licenses": {"rig": "CC0-1.0"}}


def test_a_splat_takes_under_six_hundred_bytes() -> None:
    # 40,000 splats then fit into 25 MB; here with all codes of a full model.
    avatar = lively_avatar(1500, HeadModel())
    stage = lively_stage(avatar)
    size = len(package_bytes(reduced_head(avatar, stage), stage, {}))
    constant = 200_000  # JSON, motion, light, skies
    assert size < 600 * avatar.num_splats + constant


def test_the_extension_follows_its_schema(package_file: Path, repository: Path) -> None:
    schema = json.loads((repository / "docs" / "avatar-package.schema.json").read_text())
    faults = [*misfits(extension_of(package_file), schema, schema, "root")]
    assert not faults
    assert [*misfits({"version": 3}, schema, schema, "root")]


@pytest.mark.parametrize(
    ("change", "to", "text"),
    [
        ("version", 3, "reads up to 2"),
        ("kind", "ghost", "is not known"),
        ("kind", "body", "damaged"),
        ("clips.0.animation", -1, "damaged"),
        ("clips.0.fps", 0, "frames a second"),
        ("materials.surface.shape", [1 << 40, 5], "has the shape"),
        ("materials.surface.type", "O", "has the type 'O'"),
        ("deformation.basis.bufferView", 999, "is missing"),
        ("exposure.frameJoints", [0, 77], "there are 6"),
        ("exposure.occlusionScale", [1.0], "has the shape"),
        ("light.shape", [8, 64, 3], "twice as wide"),
        ("clips", [], "no clip"),
    ],
)
def test_a_damaged_package_is_refused(
    package_file: Path, tmp_path: Path, change: str, to: Any, text: str
) -> None:
    with pytest.raises(AvatarError, match=text):
        read_package(changed(package_file, change, to, tmp_path / "bad.glb"))


def test_another_glb_is_named_as_such(tmp_path: Path) -> None:
    avatar = lively_avatar(300)
    stage = lively_stage(avatar)
    content = package_bytes(reduced_head(avatar, stage), stage, {})
    (tmp_path / "other.glb").write_bytes(
        content.replace(b'"INCARNATE_avatar":{', b'"INCARNATE_avatas":{')
    )
    with pytest.raises(AvatarError, match="no avatar package"):
        read_package(tmp_path / "other.glb")


def test_motion_out_of_the_package_drives_the_avatar(package_file: Path) -> None:
    package = read_package(package_file)
    still = replace(package.stage.poses[4], root_translation=torch.zeros(3))
    with torch.no_grad():
        assert render(package.avatar, still, package.stage.camera).max() > 0.05
