"""Notes are read as they grow, whatever a kill left of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from incarnate.capture.pictures import write_picture
from incarnate.view.studio_notes import TrainingNotes, read_preview


def write(folder: Path, rows: list[dict[str, float]], *, cut: str = "") -> None:
    with (folder / "metrics.jsonl").open("a") as metrics:
        metrics.write("".join(json.dumps(row) + "\n" for row in rows) + cut)


def row(step: int, l1: float = 0.05) -> dict[str, float]:
    return {"step": step, "time": 100.0 + step / 4, "splats": 7, "l1": l1}


def test_nothing_is_read_before_there_is_anything(tmp_path: Path) -> None:
    notes = TrainingNotes(tmp_path / "not" / "yet")
    assert not notes.read_on()
    assert "waiting" in notes.words()
    assert notes.newest_preview() is None
    assert all(part.shape == (0,) for part in notes.curve())


def test_each_line_is_read_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    notes = TrainingNotes(tmp_path)
    write(tmp_path, [row(20), row(40)], cut='{"step": 60, ')
    assert notes.read_on()
    assert [each["step"] for each in notes.rows] == [20, 40]
    assert not notes.read_on()
    write(tmp_path, [], cut='"time": 115.0, "splats": 7, "l1": 0.05}\n')
    assert notes.read_on()
    assert [each["step"] for each in notes.rows] == [20, 40, 60]


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path) -> None:
    notes = TrainingNotes(tmp_path)
    write(tmp_path, [row(20)], cut='{"step": 4\n[1]\n')
    write(tmp_path, [row(40)])
    assert notes.read_on()
    assert [each["step"] for each in notes.rows] == [20, 40]


def test_steps_that_are_taken_again_replace_what_came_after_them(tmp_path: Path) -> None:
    notes = TrainingNotes(tmp_path)
    write(tmp_path, [row(20), row(40), row(60)])
    notes.read_on()
    write(tmp_path, [row(40, 0.03)])
    notes.read_on()
    assert [(each["step"], each["l1"]) for each in notes.rows] == [(20, 0.05), (40, 0.03)]


def test_the_state_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(json.dumps({"losses": {"l1": 0.5}}))
    write(tmp_path, [row(step) for step in range(20, 400, 20)])
    notes = TrainingNotes(tmp_path)
    notes.read_on()
    assert notes.steps_a_second() == pytest.approx(4.0)
    assert notes.words() == "step 380 · 4.0 steps/s · 7 splats · L1 10.00 %"


def test_a_long_curve_is_thinned_and_keeps_its_mean(tmp_path: Path) -> None:
    write(tmp_path, [row(step, 0.01 * (1 + step % 2)) for step in range(1, 4001)])
    notes = TrainingNotes(tmp_path)
    notes.read_on()
    steps, errors = notes.curve()
    assert len(steps) == len(errors) == 400
    assert (np.diff(steps) > 0).all()
    np.testing.assert_allclose(errors, 1.5)


def test_the_newest_preview_is_that_of_the_latest_step(tmp_path: Path) -> None:
    for step in (20, 140):
        shade = np.full((4, 6, 3), step, np.uint8)
        write_picture(tmp_path / "previews" / f"{step:06d}.jpg", shade)
    newest = TrainingNotes(tmp_path).newest_preview()
    assert newest is not None
    assert read_preview(newest).shape == (4, 6, 3)
    assert abs(float(read_preview(newest).mean()) - 140) < 3  # JPEG
