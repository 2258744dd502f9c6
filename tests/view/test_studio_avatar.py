"""A visitor who looks gets a picture, small while things move and whole at rest."""

import numpy as np
import pytest
from tests.view.packages import lively_avatar

pytest.importorskip("viser", reason="the studio's extra is not installed")

import time
from collections.abc import Iterator

from tests.view.studio_visitor import PATIENT, Visitor

from incarnate.avatars.files import Stage
from incarnate.avatars.head import HeadAvatar
from incarnate.light.environment import Environment
from incarnate.view.studio import Studio
from incarnate.view.studio_avatar import AvatarPanel
from incarnate.view.studio_cameras import viewpoint_of

SIDE = 256


@pytest.fixture
def panel(avatar: HeadAvatar, stage: Stage) -> Iterator[AvatarPanel]:
    with Studio("a head") as studio:
        yield AvatarPanel(studio, avatar, stage, size=SIDE)


def test_a_visitor_gets_a_small_picture_and_then_the_whole_one(
    panel: AvatarPanel, stage: Stage
) -> None:
    viewpoint = viewpoint_of(stage.camera)
    with Visitor(panel.studio.address) as visitor:
        visitor.look(viewpoint)
        assert visitor.picture().shape == (128, 128, 3)
        whole = visitor.picture()
        # Meeting a visitor and their first move may be told apart, and be two small pictures.
        while whole.shape == (128, 128, 3):
            whole = visitor.picture()
        assert panel.wait(PATIENT)
    expected = panel.scene.picture(panel.arrangement, viewpoint.camera(SIDE))
    assert whole.shape == expected.shape
    # It travels as JPEG of quality 95, colours at half the size: levels of 255 in the mean.
    assert np.abs(whole.astype(int) - expected).mean() < 2.0
    assert f"{SIDE} × {SIDE}" in panel.status.content


def test_moving_a_slider_draws_anew(panel: AvatarPanel, stage: Stage) -> None:
    with Visitor(panel.studio.address) as visitor:
        visitor.look(viewpoint_of(stage.camera))
        before = visitor.picture()
        while len(before) < SIDE:
            before = visitor.picture()
        panel.set("face/jaw", 1.0)
        panel.set("light", "sky")
        assert panel.arrangement.values == {"face/jaw": 1.0}
        assert panel.arrangement.light == "sky"
        shapes = [visitor.picture()]
        while shapes[-1].shape != before.shape:
            shapes.append(visitor.picture())
        assert np.abs(shapes[-1].astype(int) - before).mean() > 1.0
        assert panel.wait(PATIENT)
        panel.reset()
        assert panel.arrangement.values == {}


def test_playing_goes_through_the_motion_at_its_own_pace(panel: AvatarPanel) -> None:
    panel.set("frame", 3)
    panel.play.value = True
    deadline = time.monotonic() + PATIENT
    seen = set()
    while len(seen) < 4 and time.monotonic() < deadline:
        seen.add(panel.arrangement.frame)
        time.sleep(0.01)
    panel.play.value = False
    assert len(seen) >= 4
    assert seen <= set(range(8))


def test_a_picture_that_fails_is_told_and_the_studio_goes_on(
    panel: AvatarPanel, avatar: HeadAvatar, stage: Stage
) -> None:
    broken = Environment(lively_avatar(50).light_logits.detach()[:0])
    panel.exchange(avatar, stage)
    panel.scene = type(panel.scene)(avatar, stage, {"studio": broken})
    with Visitor(panel.studio.address) as visitor:
        panel.set("light", "studio")
        visitor.look(viewpoint_of(stage.camera))
        deadline = time.monotonic() + PATIENT
        while "Error" not in panel.status.content and time.monotonic() < deadline:
            time.sleep(0.02)
        assert "Error" in panel.status.content
        panel.set("light", "capture")
        assert visitor.picture().size
        assert panel.wait(PATIENT)
