"""``incarnate edit``: a painted region, a template to paint on, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from incarnate.avatars.files import load_head
from incarnate.capture.pictures import read_picture, write_picture
from incarnate.cli import main
from incarnate.cli.edit import Materials, edit_of
from incarnate.geometry.colors import bytes_from_linear


def edit(*arguments: object) -> int:
    return main(["edit", *map(str, arguments)])


def test_a_painted_region_is_edited_and_noted(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[:, :40] = 255
    write_picture(tmp_path / "mask.png", mask)
    new = tmp_path / "new"
    words = ("--albedo", "#808080", "--roughness", 0.4, "--region", tmp_path / "mask.png")
    assert edit(avatar_folder, "-o", new, *words, "--feather", 2) == 0
    shown = capsys.readouterr().out
    assert f"wrote {new}: albedo, roughness of mask.png edited" in shown
    assert f"next: incarnate render {new} " in shown
    changed = load_head(new).albedo_logits != load_head(avatar_folder).albedo_logits
    assert 0.1 < changed.float().mean() < 0.9
    [entry] = json.loads((new / "avatar.json").read_text())["edits"]
    assert (entry["region"], entry["feather"]) == ("mask.png", 0.002)


def test_the_template_can_be_painted_on(avatar_folder: Path, tmp_path: Path) -> None:
    assert edit(avatar_folder, "--template", tmp_path / "uv.png") == 0
    picture = read_picture(tmp_path / "uv.png")
    assert picture.shape == (2048, 2048, 3)
    assert 0.1 < (picture.max(-1) > 0).mean() < 0.9


def test_colours_are_those_of_the_screen() -> None:
    change = edit_of(Materials(albedo="#804020", tint="#ffffff", albedo_scale=0.5))
    assert change.albedo is not None
    import torch

    assert bytes_from_linear(torch.tensor(change.albedo)).tolist() == [0x80, 0x40, 0x20]
    assert change.tint == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "give -o NEW for the edited avatar, or --template"),
        (("-o", "new"), "nothing to edit"),
        (("-o", "new", "--albedo", "red"), "'red' is no colour; write one as #8a2f38"),
        (("-o", "new", "--f0", "0.9"), "F0 0.9 is out of the model's range: give 0.02 to 0.15"),
        (("-o", "new", "--roughness", "0.5", "--feather", "2"), "give --region or --part as well"),
        (("-o", "new", "--part", "lips", "--region", "a.png"), "give one of them"),
        (("-o", "new", "--f0", "0.1", "--region", "a.png"), "a.png can't be read"),
        (("--template", "uv.jpg"), "ends in .png"),
    ],
)
def test_mistakes_are_one_line(
    avatar_folder: Path,
    words: tuple[str, ...],
    text: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"new": tmp_path / "new", "a.png": tmp_path / "a.png"}
    assert edit(avatar_folder, *(places.get(word, word) for word in words)) == 2
    shown = capsys.readouterr().err
    assert text in shown
    assert len(shown.splitlines()) == 1
