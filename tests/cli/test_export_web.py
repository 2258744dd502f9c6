"""``incarnate export --format package`` and ``--format web``."""

from pathlib import Path

import pytest
from tests.avatars.moving_bodies import waving_poses
from tests.drive.faces import recording_of
from tests.drive.skeletal import write_bvh
from tests.view.packages import body_stage, lively_body

from incarnate import model_files
from incarnate.avatars.body_files import save_body, save_distilled
from incarnate.cli import main
from incarnate.drive.arkit import write_arkit_csv
from incarnate.splats.files.gltf_container import read_glb
from incarnate.view.package import Package, read_package


def test_a_package_is_asked_for_by_name(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "ada.glb"
    assert main(["export", str(avatar_folder), "-o", str(output), "--format", "package"]) == 0
    assert len(read_package(output).avatar.splats) == 600
    assert f"incarnate view {output}" in capsys.readouterr().out


def test_a_web_folder_is_a_page_with_the_avatar(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "site"
    assert main(["export", str(avatar_folder), "-o", str(folder), "--format", "web"]) == 0
    assert (folder / "index.html").is_file()
    assert len(read_package(folder / "avatar.glb").avatar.splats) == 600
    assert "visitors download" in capsys.readouterr().out


def test_a_web_folder_for_webcams_has_the_model(
    avatar_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["export", str(avatar_folder), "-o", str(tmp_path / "site"), "--webcam"]
    model = tmp_path / "face_landmarker.task"
    model.write_bytes(b"a model")
    monkeypatch.setattr(model_files, "find_model", lambda name: model)
    assert main([*words, "--format", "web"]) == 0
    assert (tmp_path / "site" / "models" / model.name).read_bytes() == b"a model"


def test_without_the_model_there_is_no_folder_for_webcams(
    avatar_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("INCARNATE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    words = ["export", str(avatar_folder), "-o", str(tmp_path / "site"), "--webcam"]
    assert main([*words, "--format", "web"]) == 2
    assert "incarnate doctor --fetch" in capsys.readouterr().err
    assert main([*words, "--format", "package", "-o", str(tmp_path / "a.glb")]) == 2
    assert "--format web" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_a_head_takes_other_motions_along(avatar_folder: Path, tmp_path: Path) -> None:
    take, output = tmp_path / "take.csv", tmp_path / "ada.glb"
    write_arkit_csv(recording_of(31, 60.0), take)
    words = ["export", avatar_folder, "-o", output, "--format", "package"]
    assert main([str(word) for word in (*words, "--also", take, "--also", avatar_folder)]) == 2
    assert main([str(word) for word in (*words, "--also", take, "--also", take)]) == 0
    stage = read_package(output).stage
    assert stage.clips == ("capture",) * 6 + ("take",) * 13 + ("take 2",) * 13
    animations = read_glb(output).document["animations"]
    assert [animation["name"] for animation in animations] == ["capture", "take", "take 2"]


def test_splats_of_one_motion_take_no_other_along(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(avatar_folder), "-o", str(tmp_path / "a.ply"), "--also", "take.csv"]
    assert main(words) == 2
    assert "--also is for package and web" in capsys.readouterr().err


def test_a_web_folder_has_no_ending(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(avatar_folder), "-o", str(tmp_path / "a.html"), "--format", "web"]
    assert main(words) == 2
    assert "rename it" in capsys.readouterr().err


def test_a_distilled_body_is_packed_with_its_clips_or_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body, folder = lively_body(), tmp_path / "eve"
    save_body(body, body_stage(body), folder)
    assert body.distilled is not None
    save_distilled(body.distilled, folder)

    def packed(*options: object) -> Package:
        output = tmp_path / "eve.glb"
        words = ["export", folder, "-o", output, "--format", "package", *options]
        assert main([str(word) for word in words]) == 0
        return read_package(output)

    assert packed().stage.clips == body_stage(body).clips
    assert packed("--frames", "2:5").stage.clips == ("raise", "raise", "lower")
    bow = write_bvh(body.rig, waving_poses(body.rig, 13), tmp_path / "bow.bvh", fps=50.0)
    driven = packed("--drive", bow)
    assert read_glb(tmp_path / "eve.glb").document["animations"][0]["name"] == "bow"
    # Half as many frames: the avatar's rate is 25 a second.
    assert len(driven.stage.poses) == 7
    assert "incarnate view" in capsys.readouterr().out
