"""The avatar package: Python reads back the pictures that went in, and refuses what is damaged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.view.packages import lively_avatar, lively_stage

from incarnate.avatars.avatar import Avatar, render
from incarnate.avatars.head import HeadModel
from incarnate.errors import AvatarError
from incarnate.evaluate.metrics import psnr
from incarnate.geometry.colors import srgb_from_linear
from incarnate.light.environment import Environment
from incarnate.light.procedural import procedural_environment
from incarnate.splats.files.gltf_container import parse_glb, write_whole
from incarnate.view.package import EXTENSION, package_bytes, read_package, write_package
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
    assert pictures_agree(lively_avatar(), read_package(package_file).head, env) > 45


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
    head = read_package(tmp_path / "a.glb").head
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


def extension_of(path: Path) -> dict[str, Any]:
    return parse_glb(path.read_bytes()).document["extensions"][EXTENSION]


def test_the_extension_follows_its_schema(package_file: Path, repository: Path) -> None:
    schema = json.loads((repository / "docs" / "avatar-package.schema.json").read_text())
    faults = [*misfits(extension_of(package_file), schema, schema, "root")]
    assert not faults
    assert [*misfits({"version": 2}, schema, schema, "root")]


def misfits(value: Any, rule: dict[str, Any], root: dict[str, Any], where: str) -> list[str]:
    """Faults of a value under the part of JSON Schema that ours uses."""
    if "$ref" in rule:
        rule = root["$defs"][rule["$ref"].rpartition("/")[2]]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None),
             "number": (int, float)}  # fmt: skip
    asked = rule.get("type", [])
    asked = [asked] if isinstance(asked, str) else asked
    faults = []
    if asked and not any(isinstance(value, kinds[kind]) for kind in asked):
        faults.append(f"{where}: {value!r} is no {asked}")
    if value not in rule.get("enum", [value]) or value != rule.get("const", value):
        faults.append(f"{where}: {value!r} is not allowed")
    if isinstance(value, dict):
        known = rule.get("properties", {})
        missing = [key for key in rule.get("required", []) if key not in value]
        faults += [f"{where}.{key} is missing" for key in missing]
        if rule.get("additionalProperties") is False:
            faults += [f"{where}.{key} is unknown" for key in value if key not in known]
        for key in value.keys() & known.keys():
            faults += misfits(value[key], known[key], root, f"{where}.{key}")
    if isinstance(value, list) and "items" in rule:
        for item in value:
            faults += misfits(item, rule["items"], root, where)
    return faults


def changed(path: Path, change: str, to: Any, out: Path) -> Path:
    """The package with one entry of its extension replaced (a path of keys, with dots)."""
    raw = path.read_bytes()
    glb = parse_glb(raw)
    entry = glb.document["extensions"][EXTENSION]
    *above, last = change.split(".")
    for key in above:
        entry = entry[key]
    entry[last] = to
    text = json.dumps(glb.document).encode()
    text += b" " * (-len(text) % 4)
    body = len(glb.binary).to_bytes(4, "little") + b"BIN\0" + bytes(glb.binary)
    head = len(text).to_bytes(4, "little") + b"JSON" + text
    total = (12 + len(head) + len(body)).to_bytes(4, "little")
    write_whole(b"glTF" + (2).to_bytes(4, "little") + total + head + body, out)
    return out


@pytest.mark.parametrize(
    ("change", "to", "text"),
    [
        ("version", 2, "reads up to 1"),
        ("kind", "ghost", "is not known"),
        ("materials.surface.shape", [1 << 40, 5], "has the shape"),
        ("materials.surface.type", "O", "has the type 'O'"),
        ("deformation.basis.bufferView", 999, "is missing"),
        ("exposure.frameJoints", [0, 77], "there are 6"),
        ("exposure.occlusionScale", [1.0], "has the shape"),
        ("light.shape", [8, 64, 3], "twice as wide"),
        ("clips", [], "damaged"),
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
        assert render(package.head, still, package.stage.camera).max() > 0.05
