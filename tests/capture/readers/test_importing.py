"""What import writes: a capture that passes the check, and that an avatar trains on."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.capture.readers.flame import EXPRESSIONS, flame_rig
from tests.capture.readers.sets import person, write_insta, write_picture

from incarnate.capture.readers.head_set import PictureFiles
from incarnate.capture.readers.importing import import_head_set, poses_of, read_rgba
from incarnate.capture.readers.insta import read_insta
from incarnate.capture.tracks import load_track
from incarnate.capture.validate import validate
from incarnate.errors import CaptureError
from incarnate.rigs.skinning import pose_rig
from incarnate.train.fit import train_head
from incarnate.train.recipes import recipe_of

FRAMES = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_insta(tmp_path / "ada", person(FRAMES))
    return tmp_path / "ada"


def test_an_imported_set_is_whole_and_an_avatar_trains_on_it(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    imported = import_head_set(
        read_insta(folder), flame_rig(), tmp_path / "c",
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert told[-1] == (FRAMES, FRAMES, "writing the pictures")
    assert validate(imported.capture) == []
    recipe = replace(recipe_of("smoke"), steps=5, coarse_steps=2, max_splats=400)
    avatar = train_head(imported.capture, recipe, tmp_path / "avatar")
    assert all(parameter.isfinite().all() for parameter in avatar.parameters())


def test_the_stored_track_is_the_one_that_was_returned(folder: Path, tmp_path: Path) -> None:
    imported = import_head_set(read_insta(folder), flame_rig(), tmp_path / "c")
    stored = load_track(imported.capture)
    assert stored.origin == "imported"
    given = imported.track
    expected = pose_rig(given.rig, given.poses).vertices
    assert torch.equal(pose_rig(stored.rig, stored.poses).vertices, expected)


def test_what_the_rig_cannot_show_is_said(folder: Path) -> None:
    codes = read_insta(folder).codes
    wide = torch.cat([codes.expression, torch.ones(FRAMES, 2)], -1)
    codes = replace(codes, expression=wide, eyelids=torch.ones(FRAMES, 2))
    worlds = torch.eye(4).double().expand(FRAMES, 4, 4)
    pose, notes = poses_of(codes, flame_rig(), worlds)
    assert pose.expression.shape == (FRAMES, EXPRESSIONS)
    assert "6 expression coefficients, the rig 4: the rest is left out" in notes[0]
    assert "closes the eyelids" in notes[1]
    pose, notes = poses_of(codes, flame_rig(lids=True), worlds)
    assert pose.expression[:, -2:].min() == 1
    assert len(notes) == 1


def test_a_rig_without_the_joints_is_refused(folder: Path) -> None:
    names = ("pelvis", "neck", "head", "left_eye_smplhf", "right_eye_smplhf")
    rig = replace(flame_rig(), joint_names=names)
    with pytest.raises(CaptureError, match="has no joint 'jaw'; these sets need a FLAME rig"):
        poses_of(read_insta(folder).codes, rig, torch.eye(4).double().expand(FRAMES, 4, 4))


def test_pictures_need_mattes_of_their_size(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", "RGB")
    with pytest.raises(CaptureError, match=r"a\.png has no alpha, and no matte lies beside it"):
        read_rgba(PictureFiles(tmp_path / "a.png"))
    write_picture(tmp_path / "m.png", "L")
    assert read_rgba(PictureFiles(tmp_path / "a.png", tmp_path / "m.png")).shape[-1] == 4
