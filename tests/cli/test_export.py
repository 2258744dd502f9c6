"""``incarnate export``: one file, a folder of frames, an animation, and mistakes in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.avatars.moving_bodies import ring_of_cameras, small_body, waving_poses

from incarnate.avatars.body_files import save_body
from incarnate.avatars.files import Stage, load_head
from incarnate.cli import main
from incarnate.cli.export import FORMATS, format_of, notes_of
from incarnate.splats.files.glb import read_glb
from incarnate.splats.files.ply import read_ply
from incarnate.splats.files.spz import read_spz


def export(*arguments: object) -> int:
    return main(["export", *map(str, arguments)])


def test_all_formats_hold_the_same_splats(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.ply", "a.spz", "a.glb"):
        assert export(avatar_folder, "-o", tmp_path / name, "--degree", 1) == 0
        assert f"wrote {tmp_path / name}: 600 splats" in capsys.readouterr().out
    ply = read_ply(tmp_path / "a.ply")
    assert ply.degree == 1
    np.testing.assert_allclose(read_glb(tmp_path / "a.glb").means, ply.means, atol=1e-6)
    # SPZ has steps of a micrometre.
    np.testing.assert_allclose(read_spz(tmp_path / "a.spz").means, ply.means, atol=1e-6)
    assert len(ply) == load_head(avatar_folder).num_splats
    # The head of the tests stands a metre and a half above the origin.
    assert 1.3 < ply.means[:, 1].mean() < 1.7
    assert json.loads((tmp_path / "a.spz.json").read_text())["consent"] == "not stated"
    assert b"comment consent: not stated" in (tmp_path / "a.ply").read_bytes()[:2000]


def test_an_animation_is_a_folder_of_numbered_files(avatar_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    words = ("--format", "ply", "--frames", "1:4", "--degree", 0, "--axes", "y-up")
    assert export(avatar_folder, "-o", folder, *words) == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["0000.ply", "0001.ply", "0002.ply"]
    clouds = [read_ply(folder / name) for name in names]
    assert np.abs(clouds[0].means - clouds[1].means).max() > 1e-3
    assert b"comment axes y-up" in (folder / names[0]).read_bytes()[:200]


def test_an_animation_is_one_usd(avatar_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("pxr", reason="usd-core is not installed")
    from incarnate.splats.files.usd import read_usd

    output = tmp_path / "a.usdc"
    assert export(avatar_folder, "-o", output, "--frames", "0:3", "--degree", 0) == 0
    clouds = read_usd(output)
    assert len(clouds) == 3
    assert export(avatar_folder, "-o", tmp_path / "b.ply", "--frames", "2:3", "--degree", 0) == 0
    np.testing.assert_allclose(clouds[2].means, read_ply(tmp_path / "b.ply").means, atol=1e-6)


def test_light_and_exposure_change_the_colours(avatar_folder: Path, tmp_path: Path) -> None:
    for name, words in {"own": (), "dark": ("--exposure", -2.0)}.items():
        assert export(avatar_folder, "-o", tmp_path / f"{name}.glb", "--degree", 0, *words) == 0
    own, dark = read_glb(tmp_path / "own.glb"), read_glb(tmp_path / "dark.glb")
    assert (dark.harmonics[:, 0] < own.harmonics[:, 0]).mean() > 0.99


def test_the_format_is_told_from_the_ending() -> None:
    assert format_of(Path("a.USDA"), None) is FORMATS["usd"]
    assert format_of(Path("frames"), "spz") is FORMATS["spz"]


def test_consent_and_licences_are_kept() -> None:
    notes = notes_of({"consent": {"subject": "Ada", "source": ""}, "licenses": {"rig": "CC0-1.0"}})
    assert notes == {
        "made with": "incarnate",
        "consent subject": "Ada",
        "licenses rig": "CC0-1.0",
    }


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-o", "a.fbx"), "a.fbx says no format by its ending; give --format ply"),
        (("-o", "a"), "a says no format by its ending"),
        (("-o", "a.glb", "--format", "ply"), "a.glb ends in .glb, but --format is ply"),
        (("-o", "a.ply", "--frames", "0:3"), "3 frames are as many .ply files: give -o a folder"),
        (("-o", "a", "--format", "spz"), "one frame is one file: give -o a name that ends in .spz"),
        (("-o", "a.glb", "--frames", "0:3"), "a GLB of splats holds one pose, not 3 frames"),
        (("-o", "a.ply", "--frames", "90:"), "names no frame: the motion has 6"),
        (("-o", "a.ply", "--light", "moon"), "there is no light 'moon'"),
    ],
)
def test_mistakes_are_one_line(
    avatar_folder: Path, words: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(avatar_folder, *words) == 2
    shown = capsys.readouterr().err
    assert text in shown
    assert len(shown.splitlines()) == 1


def test_a_body_is_written_as_splats_and_packed_only_when_distilled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = small_body()
    stage = Stage(ring_of_cameras(1)["cam00"], waving_poses(body.rig, 3), 25.0, 2)
    save_body(body, stage, tmp_path / "body")
    assert main(["export", str(tmp_path / "body"), "-o", str(tmp_path / "body.ply")]) == 0
    assert f"{body.num_splats} splats" in capsys.readouterr().out
    words = ["export", str(tmp_path / "body"), "-o", str(tmp_path / "b.glb"), "--format", "package"]
    assert main(words) == 2
    assert "incarnate distil AVATAR CAPTURE" in capsys.readouterr().err
