"""``incarnate demo`` on a tiny person: all parts are written, and nothing is done twice."""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest
from tests.avatars.people import small_avatar, write_painted_capture

from incarnate.avatars.files import save_avatar, stage_of
from incarnate.capture import synthetic
from incarnate.capture.files import load_capture
from incarnate.capture.tracks import load_track
from incarnate.cli import demo, main
from incarnate.tracking import track
from incarnate.tracking.track import TrackedVideo
from incarnate.train import recipes

SETTINGS = replace(
    synthetic.PRESETS["smoke"], size=64, num_frames=7, supersampling=1, light_samples=16,
    hair_locks=200,
)  # fmt: skip
RECIPE = replace(
    recipes.SMOKE, steps=16, size=64, coarse_steps=4, surface_splats=900, silhouette_splats=50,
    max_splats=1000,
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    """Any preset is a tiny one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "PRESETS", {"smoke": SETTINGS, "demo": SETTINGS})
        patch.setattr(recipes, "recipe_of", lambda _: RECIPE)
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a demo, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "ada"
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        assert run(folder) == 0
    return folder, shown.getvalue()


def run(folder: Path, *arguments: str) -> int:
    return main(["demo", "--preset", "smoke", "--out", str(folder), "--threads", "1", *arguments])


def test_it_writes_capture_avatar_report_and_video(first: tuple[Path, str]) -> None:
    folder, _ = first
    for part in ("capture/capture.json", "avatar/avatar.json", "report/report.html"):
        assert (folder / part).is_file()
    with av.open(str(folder / "relit.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 7
    content = json.loads((folder / "report" / "report.json").read_text())
    # The truth of a made person is known: every figure is there.
    for key in ("psnr", "psnr_relit", "normal_degrees", "psnr_albedo"):
        assert content[key] is not None


def test_it_prints_figures_times_and_what_to_do_next(first: tuple[Path, str]) -> None:
    folder, shown = first
    assert "figures on 1 unseen frames:" in shown
    assert "PSNR before training" in shown
    for stage in ("capture", "start", "train", "evaluate", "render", "together"):
        assert f"\n  {stage} " in shown
    assert f"wrote {folder / 'report' / 'report.html'} (open it in a browser)" in shown
    assert f"next: incarnate render {folder / 'avatar'} " in shown


def test_the_gain_is_measured_against_the_untrained_avatar(first: tuple[Path, str]) -> None:
    folder, shown = first
    before = json.loads((folder / "demo.json").read_text())["untrained_psnr"]
    after = json.loads((folder / "report" / "report.json").read_text())["psnr"]
    assert f"{before:.2f} dB ({after - before:+.2f} dB by training)" in shown


def test_again_does_nothing_twice(
    first: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = first
    before = (folder / "relit.mp4").stat().st_mtime_ns
    assert run(folder) == 0
    shown = capsys.readouterr().out
    assert shown.count(": done before") == 5
    assert "figures on" in shown
    assert (folder / "relit.mp4").stat().st_mtime_ns == before


def test_what_is_lost_is_made_again_also_after_an_interruption(
    first: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    folder, _ = first
    (folder / "report" / "report.html").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(demo, "_evaluate", interrupt)
        assert run(folder) == 130
    capsys.readouterr()
    assert run(folder) == 0
    shown = capsys.readouterr().out
    assert shown.count(": done before") == 4
    assert "evaluate: measuring" in shown
    assert (folder / "report" / "report.html").is_file()


def test_another_preset_in_the_same_folder_is_refused(
    first: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = first
    assert main(["demo", "--preset", "quick", "--out", str(folder)]) == 2
    assert "holds a demo with preset smoke; give another folder" in capsys.readouterr().err


def test_a_video_takes_the_place_of_the_made_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def track_painted(video: Path, folder: Path, *_: object) -> TrackedVideo:
        assert video == tmp_path / "me.mp4"
        capture = write_painted_capture(folder, num_frames=6)
        return TrackedVideo(capture, load_track(capture), ("half a face",))

    def train_nothing(work: demo.Work, _: object) -> None:
        capture = load_capture(work.capture)
        stage = stage_of(capture, load_track(capture))
        save_avatar(small_avatar(), stage, work.avatar, {"steps": RECIPE.steps})

    monkeypatch.setattr(track, "track_video", track_painted)
    monkeypatch.setattr(demo, "_train", train_nothing)
    monkeypatch.setattr(demo, "_measure_start", lambda _, notes: notes.set_untrained_psnr(10.0))
    assert run(tmp_path / "me", "--video", str(tmp_path / "me.mp4")) == 0
    shown = capsys.readouterr().out
    assert "warning: half a face" in shown
    # Nobody knows the truth about a filmed person.
    assert "normals off by" not in shown
    assert (tmp_path / "me" / "relit.mp4").is_file()
