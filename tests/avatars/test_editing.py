"""Edits of materials: what is asked for comes out, what is not reached stays to the last bit."""

import json
from pathlib import Path

import pytest
import torch
from tests.avatars.people import portrait_camera, small_avatar, talking_poses

from incarnate.avatars.avatar import render
from incarnate.avatars.editing import Edit, edit_avatar, write_edited
from incarnate.avatars.files import Stage, avatar_tensors, load_head, load_stage, save_avatar
from incarnate.avatars.head import HeadAvatar, HeadModel
from incarnate.avatars.materials import REFLECTANCE_RANGE, ROUGHNESS_RANGE, decode_bounded
from incarnate.avatars.regions import PaintedRegion, PartRegion, region_weights
from incarnate.errors import AvatarError

MATERIALS = ("albedo_logits", "roughness_logits", "reflectance_logits")


def roughness(avatar: HeadAvatar) -> torch.Tensor:
    return decode_bounded(avatar.roughness_logits.detach(), ROUGHNESS_RANGE)


def left_half() -> PaintedRegion:
    mask = torch.zeros(64, 64)
    mask[:, :40] = 1
    return PaintedRegion(mask)


def test_values_that_are_set_come_out_and_the_rest_stays() -> None:
    avatar = small_avatar()
    before = {name: value.clone() for name, value in avatar_tensors(avatar).items()}
    edited = edit_avatar(avatar, Edit(albedo=(0.6, 0.1, 0.2), roughness=0.3, reflectance=0.05))
    # Logits are float32: a millionth of the value.
    torch.testing.assert_close(roughness(edited), torch.full((600,), 0.3), rtol=1e-5, atol=0)
    f0 = decode_bounded(edited.reflectance_logits.detach(), REFLECTANCE_RANGE)
    torch.testing.assert_close(f0, torch.full((600,), 0.05), rtol=1e-5, atol=0)
    expected = torch.tensor([0.6, 0.1, 0.2]).expand(600, 3)
    torch.testing.assert_close(edited.albedo().detach(), expected, rtol=1e-5, atol=0)
    for name, value in avatar_tensors(edited).items():
        assert torch.equal(avatar_tensors(avatar)[name], before[name])
        assert torch.equal(value, before[name]) == (name not in MATERIALS), name


def test_factors_multiply_and_stay_in_range() -> None:
    avatar = small_avatar()
    edited = edit_avatar(avatar, Edit(tint=(0.5, 1.0, 1.5), roughness_scale=0.8))
    torch.testing.assert_close(
        edited.albedo().detach(), avatar.albedo().detach() * torch.tensor([0.5, 1.0, 1.5])
    )
    torch.testing.assert_close(roughness(edited), 0.8 * roughness(avatar))
    extreme = edit_avatar(avatar, Edit(tint=(9.0, 9.0, 0.0), roughness_scale=0.0))
    assert 0 < extreme.albedo().min() < extreme.albedo().max() < 1
    # Bounds are open: what is asked for beyond them lies a thousandth of the range inside.
    torch.testing.assert_close(roughness(extreme), torch.full((600,), 0.2), rtol=0, atol=1e-3)


def test_splats_outside_the_region_stay_to_the_last_bit() -> None:
    avatar, region = small_avatar(), left_half()
    reached = region_weights(avatar, region) > 0
    assert 50 < reached.sum() < 550
    edited = edit_avatar(avatar, Edit((0.5, 0.1, 0.1), None, 0.3, None, 0.1), region)
    for name in MATERIALS:
        before, after = avatar_tensors(avatar)[name], avatar_tensors(edited)[name]
        assert torch.equal(after[~reached], before[~reached]), name
        assert (after[reached] != before[reached]).any(), name


def test_all_white_is_the_whole_and_grey_is_half_way() -> None:
    avatar, edit = small_avatar(), Edit((0.5, 0.2, 0.1), None, 0.3)
    whole = avatar_tensors(edit_avatar(avatar, edit))
    white = avatar_tensors(edit_avatar(avatar, edit, PaintedRegion(torch.ones(8, 8))))
    for name in MATERIALS:
        # White's bilinear weights add up to one but for rounding.
        torch.testing.assert_close(white[name], whole[name], rtol=0, atol=1e-5)
    grey = edit_avatar(avatar, edit, PaintedRegion(torch.full((8, 8), 0.5)))
    half_way = 0.5 * (roughness(avatar) + 0.3)
    torch.testing.assert_close(roughness(grey), half_way, rtol=1e-5, atol=0)


def test_an_edit_round_trips_through_files_and_is_on_record(tmp_path: Path) -> None:
    avatar = small_avatar()
    poses = talking_poses(avatar.rig, 6)
    stage = Stage(portrait_camera(), poses, fps=25.0, test_start=4)
    save_avatar(avatar, stage, tmp_path / "ada", {"consent": {"subject": "nobody"}})
    (tmp_path / "ada" / "training").mkdir()
    first, second = Edit(tint=(1.0, 0.5, 0.5)), Edit(roughness=0.3)
    write_edited(tmp_path / "ada", tmp_path / "red", first, region=PartRegion("lips", 0.002),
                 region_name="lips")  # fmt: skip
    edited = write_edited(tmp_path / "red", tmp_path / "wet", second)
    loaded = load_head(tmp_path / "wet")
    for name, value in avatar_tensors(edited).items():
        assert torch.equal(avatar_tensors(loaded)[name], value)
    manifest = json.loads((tmp_path / "wet" / "avatar.json").read_text())
    assert manifest["consent"] == {"subject": "nobody"}
    assert manifest["edits"] == [
        {"tint": [1.0, 0.5, 0.5], "region": "lips", "feather": 0.002},
        {"roughness": 0.3, "region": "whole", "feather": 0.0},
    ]
    assert not (tmp_path / "wet" / "training").exists()
    assert not list(tmp_path.glob(".*"))
    kept = load_stage(tmp_path / "wet")
    before = render(avatar, kept.poses[0], kept.camera).detach()
    assert (render(loaded, kept.poses[0], kept.camera) - before).abs().max() > 0.01
    with pytest.raises(AvatarError, match="exists; choose another folder"):
        write_edited(tmp_path / "ada", tmp_path / "red", first)


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (Edit(), "nothing to edit"),
        (Edit(roughness=0.1), r"roughness 0.1 is out of the model's range: give 0.2 to 0.95"),
        (Edit(reflectance=0.5), r"F0 0.5 is out of the model's range: give 0.02 to 0.15"),
        (Edit(albedo=(2.0, 0.0, 0.0)), "linear RGB from 0 to 1"),
        (Edit(tint=(-1.0, 0.0, 0.0)), "give finite ones from 0 up"),
        (Edit(roughness_scale=float("nan")), "give finite ones from 0 up"),
    ],
)
def test_what_the_model_cannot_hold_is_refused(edit: Edit, text: str) -> None:
    with pytest.raises(AvatarError, match=text):
        edit_avatar(small_avatar(), edit)


def test_baked_colours_can_be_tinted_but_have_no_gloss() -> None:
    avatar = small_avatar(HeadModel(num_codes=4, shading="baked"))
    tinted = edit_avatar(avatar, Edit(tint=(0.5, 0.5, 0.5)))
    torch.testing.assert_close(tinted.albedo(), 0.5 * avatar.albedo().detach())
    with pytest.raises(AvatarError, match="baked colours: it has no roughness"):
        edit_avatar(avatar, Edit(roughness_scale=0.5))
