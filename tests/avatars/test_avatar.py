"""Rendering composites once, and only through the protocol."""

import torch
from tests.avatars.people import portrait_camera, small_avatar

from incarnate.avatars.avatar import Avatar, render, render_alpha
from incarnate.rigs.rig import rest_pose


def test_a_head_is_an_avatar() -> None:
    avatar: Avatar = small_avatar()
    assert avatar.rig.name == "incarnate-head"


def test_pictures_are_black_where_nothing_is() -> None:
    avatar, camera = small_avatar(), portrait_camera()
    with torch.no_grad():
        image = render(avatar, rest_pose(avatar.rig), camera)
        alpha = render_alpha(avatar, rest_pose(avatar.rig), camera)
    assert image[alpha == 0].abs().max() == 0
    assert image.shape == (48, 48, 3)
