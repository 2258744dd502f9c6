"""What the studio draws is what `render` draws of the same pose, camera and light."""

import dataclasses
import itertools
import math

import numpy as np
import torch
from tests.avatars.people import portrait_camera

from incarnate.avatars.avatar import render
from incarnate.avatars.files import Stage
from incarnate.avatars.head import HeadAvatar
from incarnate.geometry.colors import bytes_from_linear
from incarnate.light.environment import Environment
from incarnate.light.procedural import procedural_environment
from incarnate.light.sampling import radiance_along
from incarnate.view.clip import colour_of
from incarnate.view.studio_controls import controls_of, posed
from incarnate.view.studio_picture import Arrangement, AvatarScene

CAMERA = portrait_camera(40)


def test_a_picture_equals_render(avatar: HeadAvatar, stage: Stage) -> None:
    values = {"face/smile": 0.3, "head/head turn": 10.0}
    arrangement = Arrangement(
        frame=5, values=values, light="sky", rotation=30.0, background="white", exposure=0.5
    )
    pose = posed(stage.poses[5], controls_of(avatar.rig), values)
    light = procedural_environment("sky").rotated(math.radians(30.0))
    image = render(avatar, pose, CAMERA, light, colour_of("white")[None, None])
    picture = AvatarScene(avatar, stage).picture(arrangement, CAMERA)
    np.testing.assert_array_equal(picture, bytes_from_linear(image * 2.0**0.5))


def test_what_is_kept_from_the_last_picture_does_not_show(avatar: HeadAvatar, stage: Stage) -> None:
    scene = AvatarScene(avatar, stage)
    arrangements = [
        Arrangement(frame=2),
        Arrangement(frame=2, light="sky"),
        Arrangement(frame=2, light="sky", rotation=90.0),
        Arrangement(frame=3, light="sky", rotation=90.0),
        Arrangement(frame=3, values={"face/jaw": 1.0}),
        Arrangement(frame=3, moves=False),
        Arrangement(frame=2),
    ]
    pictures = [scene.picture(each, CAMERA) for each in arrangements]
    for arrangement, picture in zip(arrangements, pictures, strict=True):
        fresh = AvatarScene(avatar, stage).picture(arrangement, CAMERA)
        np.testing.assert_array_equal(picture, fresh)
    differences = [np.abs(a.astype(int) - b).sum() for a, b in itertools.pairwise(pictures)]
    assert min(differences) > 0


def test_splats_are_kept_while_only_the_camera_moves(avatar: HeadAvatar, stage: Stage) -> None:
    scene = AvatarScene(avatar, stage)
    arrangement = Arrangement(light="sky")
    first, second = (scene.shot(arrangement, portrait_camera(size)) for size in (16, 24))
    splats = [scene.avatar.splat(each.pose, each.camera, each.light) for each in (first, second)]
    assert splats[0] is splats[1]


def test_given_lights_are_offered_and_may_be_the_background(
    avatar: HeadAvatar, stage: Stage
) -> None:
    light = Environment(torch.rand(8, 16, 3, generator=torch.Generator().manual_seed(1)))
    scene = AvatarScene(avatar, stage, {"room.hdr": light})
    assert scene.light_names[0] == "capture"
    assert "room.hdr" in scene.light_names
    arrangement = Arrangement(light="room.hdr", background="light")
    turned = light.rotated(0.0)
    around = radiance_along(turned, CAMERA.pixel_rays())
    image = render(avatar, stage.poses[0], CAMERA, turned, around)
    np.testing.assert_array_equal(scene.picture(arrangement, CAMERA), bytes_from_linear(image))
    # The capture's light is no map that could be shown: the person stands before black.
    dark = scene.picture(Arrangement(background="light"), CAMERA)
    np.testing.assert_array_equal(dark, scene.picture(Arrangement(background="black"), CAMERA))


def test_a_frame_remembers_its_own_clip_only(avatar: HeadAvatar, stage: Stage) -> None:
    two = dataclasses.replace(stage, clips=("a",) * 4 + ("b",) * 4)
    scene = AvatarScene(avatar, two)
    assert scene.pose(Arrangement(frame=4)).past is None
    past = scene.pose(Arrangement(frame=6)).past
    assert past is not None
    assert len(past) == 2
