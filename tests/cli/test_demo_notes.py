"""What a demo remembers: read back as written, and never mixed with another demo's."""

import json
from pathlib import Path

import pytest

from incarnate.cli.demo_notes import figures_table, open_notes, seconds_table
from incarnate.errors import IncarnateError

REPORT = {
    "num_frames": 18, "psnr": 28.5, "psnr_matte": 26.0, "ssim": 0.91, "lpips_vgg": None,
    "psnr_relit": 22.25, "normal_degrees": 11.0, "psnr_albedo": None,
}  # fmt: skip


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT))
    return path


def test_notes_are_read_back(tmp_path: Path) -> None:
    notes = open_notes(tmp_path / "new" / "demo", "smoke", None)
    assert notes.untrained_psnr is None
    assert notes.seconds == {}
    notes.set_untrained_psnr(19.25)
    notes.add_seconds("train", 12.344, 20.0)
    again = open_notes(tmp_path / "new" / "demo", "smoke", None)
    assert again.untrained_psnr == 19.25
    assert again.seconds == {"train": (12.34, 20.0)}


def test_a_stage_that_ran_twice_counts_once(tmp_path: Path) -> None:
    notes = open_notes(tmp_path / "demo", "smoke", None)
    notes.add_seconds("train", 5.0, 9.0)
    notes.add_seconds("train", 7.0, 13.0)
    assert notes.seconds == {"train": (7.0, 13.0)}


@pytest.mark.parametrize(
    ("preset", "video", "text"),
    [
        ("quick", None, "holds a demo with preset smoke; give"),
        ("smoke", Path("me.mp4"), "holds a demo with video None; give"),
    ],
)
def test_another_demo_is_refused(
    tmp_path: Path, preset: str, video: Path | None, text: str
) -> None:
    open_notes(tmp_path / "demo", "smoke", None)
    with pytest.raises(IncarnateError, match=text):
        open_notes(tmp_path / "demo", preset, video)


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(IncarnateError, match="holds no demo; it is left alone"):
        open_notes(tmp_path, "smoke", None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_figures_are_aligned_and_say_what_training_gained(tmp_path: Path, report: Path) -> None:
    notes = open_notes(tmp_path / "demo", "smoke", None)
    notes.set_untrained_psnr(19.25)
    lines = figures_table(report, notes).splitlines()
    assert lines[0] == "figures on 18 unseen frames:"
    assert lines[2].endswith("  19.25 dB (+9.25 dB by training)")
    assert not any("LPIPS" in line for line in lines)
    assert len({line.index(value) for line, value in zip(
        lines[1:3], ("28.50", "19.25"), strict=True)}) == 1  # fmt: skip


def test_seconds_add_up(tmp_path: Path) -> None:
    notes = open_notes(tmp_path / "demo", "smoke", None)
    notes.add_seconds("capture", 1.5, 2.0)
    notes.add_seconds("train", 2.2, 4.0)
    assert [line.split() for line in seconds_table(notes).splitlines()] == [
        ["time:"],
        ["capture", "1.5", "s", "2.0", "s", "of", "CPU"],
        ["train", "2.2", "s", "4.0", "s", "of", "CPU"],
        ["together", "3.7", "s", "6.0", "s", "of", "CPU"],
    ]
