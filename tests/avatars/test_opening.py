from pathlib import Path

import pytest
from tests.avatars.moving_bodies import ring_of_cameras, small_body, waving_poses
from tests.avatars.people import portrait_camera, small_avatar, talking_poses

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.body_files import save_body
from incarnate.avatars.files import Stage, load_head, save_avatar
from incarnate.avatars.head import HeadAvatar
from incarnate.avatars.opening import load_avatar
from incarnate.errors import AvatarError


def test_opens_what_was_saved(tmp_path: Path) -> None:
    head, body = small_avatar(), small_body()
    save_avatar(head, Stage(portrait_camera(), talking_poses(head.rig, 2), 25.0, 1), tmp_path / "h")
    camera = ring_of_cameras(1)["cam00"]
    save_body(body, Stage(camera, waving_poses(body.rig, 2), 25.0, 1), tmp_path / "b")
    assert isinstance(load_avatar(tmp_path / "h"), HeadAvatar)
    assert isinstance(load_avatar(tmp_path / "b"), BodyAvatar)
    with pytest.raises(AvatarError, match="holds a body; this is for heads"):
        load_head(tmp_path / "b")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="is no avatar"):
        load_avatar(tmp_path)
