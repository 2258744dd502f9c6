"""A face before the webcam in the browser moves the avatar as it does in Python."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from tests.view.chromium import Chromium
from tests.view.packages import lively_avatar, lively_stage
from tests.view.viewer_pages import needs_chromium, viewer_page

from incarnate.drive.live import LiveFrame
from incarnate.drive.live_camera import channels_of, head_points
from incarnate.drive.live_follow import Follower, stacked
from incarnate.drive.live_pose import Poser
from incarnate.geometry.rotations import quaternion_from_axis_angle
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Pose
from incarnate.tracking.landmarks import Face
from incarnate.view.package import Package, read_package, write_package

pytestmark = needs_chromium
NAMES = (*default_head_rig().expression_names, "jawOpen")


@pytest.fixture(scope="module")
def package_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("webcam") / "lively.glb"
    avatar = lively_avatar(400)
    write_package(avatar, lively_stage(avatar), path)
    return path


@pytest.fixture(scope="module")
def package(package_file: Path) -> Package:
    return read_package(package_file)


@pytest.fixture(scope="module")
def page(package_file: Path) -> Iterator[Chromium]:
    with viewer_page(package_file.read_bytes(), (320, 300)) as browser:
        yield browser


def made_faces(count: int) -> list[Face]:
    """A head that turns by up to 20°, with a face at work, seen from 400 pixels away."""
    rest, _ = head_points()
    draw = np.random.default_rng(5)
    phases, rates = draw.uniform(0, 6, len(NAMES)), draw.uniform(1, 5, len(NAMES))
    faces = []
    for time in np.arange(count) / 30:
        turn = Rotation.from_euler("YXZ", 20 * np.sin([2 * time, 3 * time + 1, time + 2]), True)
        points = turn.apply(rest) * [1200, -1200, -1200] + [320, 240, 0]
        points += draw.normal(0, 0.5, points.shape)
        # Beyond one, where scores are clipped.
        scores = np.maximum(0.6 + 0.5 * np.sin(rates * time + phases), 0)
        faces.append(Face(points, scores, NAMES))
    return faces


def in_browser(page: Chromium, faces: list[Face], times: list[float]) -> list[dict[str, Any]]:
    """What the page's motion shows for faces at times; None while it calibrates."""
    rows = [
        [time, face.points.ravel().tolist(), dict(zip(NAMES, face.scores.tolist(), strict=True))]
        for time, face in zip(times, faces, strict=True)
    ]
    page.run("window.motion = new incarnate.FaceMotion(incarnate.page.avatar); 0")
    take = "([time, points, scores]) => motion.take({ points, scores }, time) ?? null"
    return page.run(f"{json.dumps(rows)}.map({take})")


def in_python(package: Package, faces: list[Face], times: list[float], still: int) -> list[Pose]:
    """What `incarnate drive` shows for them, the first of them being the second of rest."""
    poser = Poser(package.avatar.rig)
    poses = [poser(LiveFrame(0.0, face=channels_of(face))) for face in faces]
    follower = Follower(package.avatar.rig, package.stage.poses, stacked(poses[:still]))
    return [
        follower(pose, time) for pose, time in list(zip(poses, times, strict=True))[still - 1 :]
    ]


def test_it_drives_by_the_rules_of_python(page: Chromium, package: Package) -> None:
    faces = made_faces(48)
    times = [7 + index / 30 for index in range(48)]
    seen = in_browser(page, faces, times)
    still = 1 + next(i for i, time in enumerate(times) if time - times[0] >= 1)
    assert seen[: still - 1] == [None] * (still - 1)
    rig = package.avatar.rig
    for shown, pose in zip(seen[still - 1 :], in_python(package, faces, times, still), strict=True):
        expression = [shown["expression"][name] for name in rig.expression_names]
        # Python's poses are float32, and the head's points in the page are whole micrometres.
        np.testing.assert_allclose(expression, pose.expression, atol=2e-6)
        turns = torch.cat([pose.root_rotation[None], pose.joint_rotations]).double()
        expected = quaternion_from_axis_angle(turns).roll(-1, -1)
        rotations = [shown["rotations"][name] for name in rig.joint_names]
        np.testing.assert_allclose(rotations, expected, atol=2e-5)
        np.testing.assert_allclose(shown["translation"], pose.root_translation, atol=1e-6)


def test_without_the_model_it_says_how_to_get_it(page: Chromium) -> None:
    page.run("incarnate.page.live.toggle(incarnate.page.webcam, incarnate.page.avatar)")
    page.run("new Promise((done) => setTimeout(done, 0))")
    assert page.run("incarnate.page.live.phase") == "failed"
    words = page.run("incarnate.page.live.text")
    assert "incarnate doctor --fetch" in words
    assert "face_landmarker.task" in words
    page.run("incarnate.page.live.stop()")
    # Nothing was asked for in vain.
    assert not [url for url in page.requests if "webcam" in url or "models" in url]
    assert page.console == []
