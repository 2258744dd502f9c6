"""The head of a package is an avatar like any other."""

import torch
from tests.view.packages import lively_avatar, lively_stage

from incarnate.avatars.avatar import Avatar, render
from incarnate.light.environment import Environment
from incarnate.rigs.rig import rest_pose
from incarnate.view.package_reduction import reduced_head


def test_it_is_an_avatar_that_turns_with_its_light() -> None:
    avatar = lively_avatar(800)
    stage = lively_stage(avatar, 48)
    head = reduced_head(avatar, stage)
    assert isinstance(head, Avatar)
    radiance = torch.zeros(16, 32, 3)
    radiance[6:10, 15:17] = 40.0
    with torch.no_grad():
        pose = rest_pose(head.rig)
        lit = render(head, pose, stage.camera, Environment(radiance)).mean((0, 2))
        turned = render(head, pose, stage.camera, Environment(radiance, torch.pi)).mean((0, 2))
    # The camera faces the subject: light from +x, its left, falls on the picture's right.
    assert lit[24:].sum() > 1.5 * lit[:24].sum()
    assert turned[:24].sum() > 1.5 * turned[24:].sum()
