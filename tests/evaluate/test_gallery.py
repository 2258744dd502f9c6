"""The pictures of a report: the right frames, at the right size, with true colours."""

from dataclasses import replace

import numpy as np
import torch
from tests.evaluate.ball import Ball

from incarnate.capture.capture import Capture
from incarnate.evaluate.gallery import draw_pictures, heat
from incarnate.evaluate.scores import FrameScores, RelitScores, Report
from incarnate.evaluate.trial import Trial, open_trial


def report_of(*values: tuple[int, float]) -> Report:
    frames = tuple(FrameScores(i, value + 3, value, 0.9, 1.0, 1.0) for i, value in values)
    return Report("ball", "ball", {}, frames)


def titles_of(trial: Trial, report: Report) -> list[str]:
    return [row.title for row in draw_pictures(trial, report)]


def test_worst_median_and_best_frame_are_shown(ball: Ball, ball_capture: Capture) -> None:
    trial = open_trial(ball, ball_capture)
    report = report_of((3, 21.0), (5, 30.0), (1, 12.0))
    assert titles_of(trial, report) == ["Worst frame: 1", "Median frame: 3", "Best frame: 5"]


def test_a_single_frame_is_shown_once(ball: Ball, ball_capture: Capture) -> None:
    trial = open_trial(ball, ball_capture)
    assert titles_of(trial, report_of((3, 21.0))) == ["Worst frame: 3"]
    assert titles_of(trial, report_of((3, 21.0), (5, 22.0))) == ["Worst frame: 3"]


def test_other_lights_and_surfaces_follow(ball: Ball, ball_capture: Capture) -> None:
    relit = {"sunset": tuple(RelitScores(i, 20.0 + i, 15.0) for i in (2, 3, 4))}
    report = replace(report_of((2, 20.0), (3, 21.0), (4, 22.0)), relit=relit)
    rows = draw_pictures(open_trial(ball, ball_capture), report)
    assert [row.group for row in rows] == ["frames"] * 3 + ["relit", "maps", "maps"]
    assert [row.title for row in rows[3:]] == [
        "Under sunset: frame 3", "Normals: frame 4", "Albedo: frame 4",
    ]  # fmt: skip
    for row in rows:
        assert all(picture.shape == (48, 40, 3) for _, picture in row.panels)
        assert row.caption


def test_truth_and_a_true_avatar_look_alike(ball: Ball, ball_capture: Capture) -> None:
    rows = draw_pictures(open_trial(ball, ball_capture), report_of((2, 30.0)))
    for row in rows:
        panels = {label.split(",")[0]: picture.astype(int) for label, picture in row.panels}
        # Colour and alpha are rounded to 8 bits each; in the dark sRGB magnifies a step of alpha.
        assert np.abs(panels["truth"] - panels.get("avatar", panels["truth"])).max() <= 4
        assert panels["truth"].max() > 60
    error = dict(rows[0].panels)["error, 0 to 0.25"]
    # A step of 256 against white at 64: nearly black everywhere.
    assert error.max() < 30


def test_heat_goes_from_black_to_pale_yellow_and_stays_there() -> None:
    values = torch.tensor([[0.0, 0.125, 0.25, 9.0]])
    colours = heat(values, 0.25)
    assert colours[0, 0].tolist() == [0, 0, 4]
    assert colours[0, 1].tolist() == [188, 55, 84]
    assert colours[0, 2].tolist() == colours[0, 3].tolist() == [252, 255, 164]


def test_heat_grows_in_brightness() -> None:
    colours = heat(torch.linspace(0, 1, 101)[None], 1.0)[0].astype(float)
    brightness = colours @ np.array([0.2126, 0.7152, 0.0722])
    # Whole numbers per channel: a step back of less than one is rounding.
    assert (np.diff(brightness) > -1).all()
