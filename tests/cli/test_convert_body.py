"""``incarnate convert`` of body sets: what is written, and mistakes are one line."""

from pathlib import Path

import pytest
from tests.capture.readers.body_sets import write_actorshq, write_model, write_thuman4

from incarnate.capture.files import load_capture
from incarnate.cli import main


def words(folder: Path, layout: str, *more: str) -> list[str]:
    return ["convert", str(folder / "set"), "-o", str(folder / "c"), "--format", layout, *more]


def test_a_body_set_becomes_a_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_thuman4(tmp_path / "set")
    model = write_model(tmp_path / "SMPLX_NEUTRAL.npz")
    take = ["--take.cameras", "cam00", "cam01", "--take.test-cameras", "cam02", "--take.every", "2"]
    assert main(words(tmp_path, "thuman4", "--smplx", str(model), *take)) == 0
    folder = tmp_path / "c"
    assert capsys.readouterr().out.splitlines() == [
        f"wrote {folder}: 2 training and 1 test frames, 48×40, 3 cameras",
        "test cameras: cam02",
        f"next: incarnate check {folder}, and look whether the mesh lies on the body",
        f"then: incarnate train body {folder} -o AVATAR --preset quick",
    ]
    assert load_capture(folder).fps == 30.0
    assert main(["check", str(folder)]) == 0
    assert f"next: incarnate train body {folder}" in capsys.readouterr().out


def test_poses_may_be_named(tmp_path: Path) -> None:
    write_actorshq(tmp_path / "set")
    model = write_model(tmp_path / "SMPLX_NEUTRAL.npz")
    poses = (tmp_path / "set" / "smpl_params.npz").rename(tmp_path / "fit.npz")
    more = ["--smplx", str(model), "--poses", str(poses)]
    assert main(words(tmp_path, "actorshq", *more)) == 0
    assert load_capture(tmp_path / "c").fps == 25.0


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], "bodies need the SMPL-X model, SMPLX_NEUTRAL.npz; name its file with --smplx."),
        (["--smplx", "nowhere.npz"], "nowhere.npz"),
        (["--smplx", "MODEL", "--take.cameras", "cam7"], "has no camera 'cam7'; it has: cam00"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], expected: str
) -> None:
    write_thuman4(tmp_path / "set")
    model = str(write_model(tmp_path / "SMPLX_NEUTRAL.npz"))
    given = [model if word == "MODEL" else word for word in more]
    assert main(words(tmp_path, "thuman4", *given)) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert expected in shown
    assert not (tmp_path / "c").exists()


def test_heads_need_flame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(tmp_path, "insta")) == 2
    assert (
        "heads need the FLAME model that the set was made with; name its file"
        in capsys.readouterr().err
    )
