"""``incarnate demo --body`` on a tiny person: all parts are written, and nothing is done twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest
from tests.avatars.moving_bodies import SMALL_BODY

from incarnate.capture import synthetic_body
from incarnate.cli import main
from incarnate.train import body_recipes

SETTINGS = replace(
    synthetic_body.BODY_PRESETS["smoke"], size=64, train_clips=("walk",), train_clip_frames=6,
    test_clip_frames=2, supersampling=1, light_samples=8, skirt_columns=24, skirt_rows=8,
    settle_steps=20, hair_locks=100,
)  # fmt: skip
RECIPE = replace(body_recipes.SMOKE_BODY, steps=6, size=64, model=SMALL_BODY)


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    """Any preset is a tiny one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic_body, "BODY_PRESETS", {"smoke": SETTINGS, "demo": SETTINGS})
        patch.setattr(body_recipes, "body_recipe_of", lambda _: RECIPE)
        yield


def test_it_writes_everything_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "eve"
    words = ["demo", "--body", "--preset", "smoke", "--out", str(folder), "--threads", "1"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    for part in ("capture/capture.json", "body/avatar.json", "report/report.html"):
        assert (folder / part).is_file()
    with av.open(str(folder / "new-motion.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == SETTINGS.test_clip_frames
    assert f"next: incarnate render {folder / 'body'}" in shown
    assert main(words) == 0
    again = capsys.readouterr().out
    for stage in ("capture", "train", "evaluate", "render"):
        assert f"{stage}: done before" in again


def test_a_body_needs_more_than_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["demo", "--body", "--video", "me.mp4", "--out", str(tmp_path / "x")]
    assert main(words) == 2
    assert "several cameras" in capsys.readouterr().err
