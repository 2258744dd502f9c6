import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.moving_bodies import SMALL_BODY, ring_of_cameras, small_body, waving_poses
from tests.avatars.tiny_networks import awake

from incarnate.avatars.avatar import render
from incarnate.avatars.body_files import (
    body_tensors,
    load_body,
    restore_body,
    save_body,
    save_distilled,
)
from incarnate.avatars.distilled import DistilledModel
from incarnate.avatars.distilled_body import DistilledPainter
from incarnate.avatars.files import Stage, load_stage
from incarnate.errors import AvatarError

CAMERA = next(iter(ring_of_cameras(1).values()))


@torch.no_grad()
def test_a_body_on_disk_draws_the_same_picture(tmp_path: Path) -> None:
    body = small_body()
    awake(body)
    poses = waving_poses(body.rig, 4)
    body.learn_poses(body.conditions(poses, [0.0, 0.1, 0.2, 0.3]))
    save_body(body, Stage(CAMERA, poses, 25.0, 3, clips=("a", "a", "b", "b")), tmp_path)
    again = load_body(tmp_path)
    torch.testing.assert_close(
        render(again, poses[2], CAMERA), render(body, poses[2], CAMERA), rtol=0, atol=0
    )
    assert again.pose_space is not None
    assert body.pose_space is not None
    assert again.pose_space.training_distance == body.pose_space.training_distance
    assert load_stage(tmp_path).clips == ("a", "a", "b", "b")
    assert not any(parameter.requires_grad for parameter in again.parameters())


@torch.no_grad()
def test_a_body_written_before_weights_were_learned_is_still_read(tmp_path: Path) -> None:
    body = small_body(replace(SMALL_BODY, influences=0, memory_details="none"))
    poses = waving_poses(body.rig, 2)
    save_body(body, Stage(CAMERA, poses, 25.0, 2), tmp_path)
    manifest = json.loads((tmp_path / "avatar.json").read_text())
    for later in ("influences", "memory_details"):
        del manifest["model"][later]
    (tmp_path / "avatar.json").write_text(json.dumps(manifest))
    again = load_body(tmp_path)
    assert again.skinning is None
    assert torch.equal(render(again, poses[1], CAMERA), render(body, poses[1], CAMERA))


def test_tensors_of_another_size_are_refused() -> None:
    body = small_body()
    tensors = body_tensors(body)
    tensors["means"] = tensors["means"][:5]
    with pytest.raises(AvatarError, match="train the avatar again"):
        restore_body(body, tensors)


def test_a_head_is_no_body(tmp_path: Path) -> None:
    (tmp_path / "avatar.json").write_text(
        '{"format": "incarnate-avatar", "version": 1, "kind": "head"}'
    )
    with pytest.raises(AvatarError, match="not a body"):
        load_body(tmp_path)


@torch.no_grad()
def test_a_distilled_decoder_is_kept_beside_the_avatar_until_that_is_written_anew(
    tmp_path: Path,
) -> None:
    body, poses = small_body(), waving_poses(small_body().rig, 2)
    stage = Stage(CAMERA, poses, 25.0, 2)
    save_body(body, stage, tmp_path)
    assert load_body(tmp_path).distilled is None
    assert body.memory is not None
    num_keys, signature = body.memory.keys.shape
    body.distilled = DistilledPainter(
        DistilledModel(4, hidden=8), body.maps.mask, size=16, num_keys=num_keys, signature=signature
    )
    body.distilled.decoder.mean.normal_()
    save_distilled(body.distilled, tmp_path, {"psnr": {}})
    again = load_body(tmp_path)
    body.decoder = again.decoder = "distilled"
    assert torch.equal(render(again, poses[1], CAMERA), render(body, poses[1], CAMERA))
    (tmp_path / "distilled.safetensors").unlink()
    with pytest.raises(AvatarError, match="cannot be read"):
        load_body(tmp_path)
    save_body(body, stage, tmp_path)
    assert load_body(tmp_path).distilled is None
