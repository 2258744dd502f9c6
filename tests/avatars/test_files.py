"""Avatars on disk come back the same; damaged and foreign folders are refused with advice."""

import json
import stat
from pathlib import Path

import pytest
import torch
from tests.avatars.people import portrait_camera, small_avatar, talking_poses

from incarnate.avatars.avatar import render
from incarnate.avatars.encoder import EncoderModel, ExpressionEncoder
from incarnate.avatars.files import (
    Stage,
    avatar_from_tensors,
    avatar_tensors,
    load_head,
    load_stage,
    save_avatar,
)
from incarnate.errors import AvatarError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    avatar = small_avatar()
    poses = talking_poses(avatar.rig, 6)
    stage = Stage(portrait_camera(), poses, fps=25.0, test_start=4)
    save_avatar(avatar, stage, tmp_path / "avatar", {"consent": {"subject": "nobody"}})
    return tmp_path / "avatar"


def test_a_saved_avatar_draws_the_same_picture(folder: Path) -> None:
    avatar = small_avatar()
    pose, camera = talking_poses(avatar.rig, 6)[3], portrait_camera()
    with torch.no_grad():
        expected = render(avatar, pose, camera)
    torch.testing.assert_close(render(load_head(folder), pose, camera), expected)


def test_an_avatar_without_residuals_of_single_splats_has_none() -> None:
    avatar = small_avatar()
    tensors = avatar_tensors(avatar)
    del tensors["splat_residual"], tensors["start_light_logits"]
    restored = avatar_from_tensors(avatar.model, avatar.rig, tensors)
    assert not restored.splat_residual.any()
    assert restored.start_light.radiance.std() < 1e-6
    torch.testing.assert_close(restored.means, avatar.means)


def test_the_stage_comes_back(folder: Path) -> None:
    stage = load_stage(folder)
    torch.testing.assert_close(stage.camera.intrinsics, portrait_camera().intrinsics)
    torch.testing.assert_close(
        stage.poses.expression, talking_poses(small_avatar().rig, 6).expression
    )
    assert (stage.fps, stage.test_start, len(stage.poses)) == (25.0, 4, 6)
    assert json.loads((folder / "avatar.json").read_text())["consent"] == {"subject": "nobody"}
    assert not list(folder.glob(".*"))


def test_a_folder_without_avatar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match=r"no avatar: it has no avatar.json.*train head"):
        load_head(tmp_path)


def test_a_newer_avatar_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "avatar.json").read_text())
    (folder / "avatar.json").write_text(json.dumps({**manifest, "version": 99}))
    with pytest.raises(AvatarError, match="version 99; this release reads up to 1"):
        load_head(folder)


@pytest.mark.parametrize("content", [b"[1]", b"\xff\xfe", b'{"format": '])
def test_facts_that_are_no_json_object_are_refused(folder: Path, content: bytes) -> None:
    (folder / "avatar.json").write_bytes(content)
    with pytest.raises(AvatarError, match=r"avatar.json is damaged .*train the avatar again"):
        load_head(folder)


@pytest.mark.parametrize("name", ["avatar.json", "avatar.safetensors", "stage.safetensors"])
def test_damaged_files_are_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    with pytest.raises(AvatarError, match="train the avatar again"):
        load_stage(folder) if name.startswith("stage") else load_head(folder)


def test_tensors_of_another_model_are_refused(folder: Path) -> None:
    manifest = json.loads((folder / "avatar.json").read_text())
    manifest["model"]["num_codes"] = 9
    (folder / "avatar.json").write_text(json.dumps(manifest))
    with pytest.raises(AvatarError, match="do not fit its model"):
        load_head(folder)


def test_an_encoder_comes_back_and_one_of_another_size_is_refused(tmp_path: Path) -> None:
    avatar = small_avatar()
    avatar.encoder = ExpressionEncoder(EncoderModel(width=0.35, size=32), avatar.rig)
    stage = Stage(portrait_camera(), talking_poses(avatar.rig, 2), fps=25.0, test_start=2)
    save_avatar(avatar, stage, tmp_path)
    loaded = load_head(tmp_path).encoder
    assert loaded is not None
    assert loaded.model == avatar.encoder.model
    crops = torch.rand(1, 32, 32, 3)
    assert torch.equal(loaded(crops), avatar.encoder(crops))
    manifest = json.loads((tmp_path / "avatar.json").read_text())
    manifest["encoder"]["width"] = 0.5
    (tmp_path / "avatar.json").write_text(json.dumps(manifest))
    with pytest.raises(AvatarError, match="encoder's tensors do not fit its model"):
        load_head(tmp_path)


def test_whoever_may_see_the_folder_may_read_it(folder: Path) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.safetensors")} == {0o644}
