"""Pictures of a live take, drawn afterwards or at once, with a driver that the test moves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from incarnate.avatars.files import load_head, load_stage
from incarnate.cli import take
from incarnate.cli.render import Lighting, View
from incarnate.cli.take import SetUp, draw_live, draw_steady, prepare
from incarnate.drive import live_take
from incarnate.drive.live_follow import Follower, FollowSettings
from incarnate.drive.live_take import Pace
from incarnate.errors import DriveError, RenderError
from incarnate.rigs.rig import Pose, rest_pose
from incarnate.view.clip import Look
from incarnate.view.video import VideoWriter

LOOK = Look(torch.zeros(3))


class Driver:
    """Opens the jaw with time; each look at the clock takes some of it."""

    def __init__(self, rest: Pose, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rest, self.now, self.has_ended = rest, 0.0, False
        monkeypatch.setattr(live_take, "clock", lambda: self.now)
        monkeypatch.setattr(live_take.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def latest(self) -> tuple[Pose, float] | None:
        return replace(self.rest, expression=self.rest.expression + self.now), 0.004

    def complaint(self) -> str | None:
        return None


@pytest.fixture
def set_up(avatar_folder: Path) -> SetUp:
    who, stage = load_head(avatar_folder), load_stage(avatar_folder)
    settings = FollowSettings(is_calibrated=False, cutoff=None)
    follower = Follower(who.rig, stage.poses, rest_pose(who.rig, 1), settings)
    return SetUp(who, stage, follower, Lighting(), View(size=24))


@pytest.fixture
def driver(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> Driver:
    return Driver(rest_pose(set_up.who.rig), monkeypatch)


def test_a_steady_take_draws_every_moment(set_up: SetUp, driver: Driver, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out", 10.0) as writer:
        told = draw_steady(set_up, driver, Pace(10.0, 0.5), LOOK, writer)
        assert writer.num_frames == 5
    assert told.startswith("latency: motion was 4 ms (median; 95 in 100 at most 4 ms) old when")
    assert driver.now == pytest.approx(0.4)


def test_a_live_take_shows_a_picture_again_until_the_next(
    set_up: SetUp, driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def slow(who: object, shot: object, look: object) -> np.ndarray:
        driver.now += 0.25
        seen.append(len(seen))
        return np.full((8, 8, 3), 40 * len(seen), np.uint8)

    monkeypatch.setattr("incarnate.view.clip.picture_of", slow)
    with VideoWriter(tmp_path / "out", 10.0) as writer:
        told = draw_live(set_up, driver, Pace(10.0, 1.0), LOOK, writer)
        assert writer.num_frames == 10
    assert seen == [0, 1, 2, 3]
    assert "4 of 10 pictures drawn, the others shown again" in told
    levels = [np.asarray(path_image(path)).max() for path in sorted((tmp_path / "out").iterdir())]
    # Moments 0, 2, 5 and 7 were drawn.
    assert levels == [40, 40, 80, 80, 80, 120, 120, 160, 160, 160]


def path_image(path: Path) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(path))


@pytest.mark.parametrize("draw", [draw_steady, draw_live])
def test_a_source_that_has_ended_is_an_error(
    draw: object, set_up: SetUp, driver: Driver, tmp_path: Path
) -> None:
    assert callable(draw)
    driver.has_ended = True
    with (
        pytest.raises(DriveError, match="ended before the take began"),
        VideoWriter(tmp_path / "out", 10.0) as writer,
    ):
        draw(set_up, driver, Pace(10.0, 0.5), LOOK, writer)


def test_options_that_do_not_fit_are_found_before_the_take(set_up: SetUp) -> None:
    prepare(set_up.who, set_up.stage, LOOK, set_up.lighting, set_up.view)
    with pytest.raises(RenderError, match="background 'light' needs a light to show"):
        prepare(set_up.who, set_up.stage, Look(None), set_up.lighting, set_up.view)


def test_what_was_dropped_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    take.tell("dropped 3 of what came")
    assert capsys.readouterr().out == "warning: dropped 3 of what came\n"
