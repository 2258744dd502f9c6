"""``incarnate render``: clips of the right length and size, and mistakes in one line."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from tests.avatars.people import write_painted_capture

from incarnate.cli import main
from incarnate.cli.render import Lighting, lights_of, named_light
from incarnate.errors import LightError
from incarnate.light.environment import Environment
from incarnate.light.files import save_environment


def render(*arguments: object) -> int:
    return main(["render", *map(str, arguments)])


def pictures_of(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(path)).astype(int) for path in sorted(folder.glob("*.png"))]


def test_a_clip_is_written_and_named(
    avatar_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "self.mp4"
    assert render(avatar_folder, "-o", output) == 0
    with av.open(str(output)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (48, 48)
        assert sum(1 for _ in container.decode(stream)) == 6
    shown = capsys.readouterr().out.splitlines()
    assert shown[-2] == f"wrote {output}: 6 pictures, 48×48, 25 a second"
    assert shown[-1].startswith(f"next: incarnate render {avatar_folder} --light sky")


def test_another_light_another_place_another_size(avatar_folder: Path, tmp_path: Path) -> None:
    common = (avatar_folder, "--frames", "1:4", "--size", 32)
    assert render(*common, "-o", tmp_path / "own") == 0
    assert render(*common, "-o", tmp_path / "sky", "--light", "sky") == 0
    assert render(*common, "-o", tmp_path / "turn", "--camera", "turntable", "--turn", 60) == 0
    own, sky, turn = (pictures_of(tmp_path / name) for name in ("own", "sky", "turn"))
    assert len(own) == len(sky) == len(turn) == 3
    assert all(picture.shape == (32, 32, 3) for picture in (*own, *sky, *turn))
    assert np.abs(own[0] - sky[0]).max() > 10
    # A turntable starts at the camera of the capture, and has swung away a third later.
    np.testing.assert_array_equal(own[0], turn[0])
    assert np.abs(own[1] - turn[1]).max() > 10


def test_a_sweep_turns_the_light_while_the_frames_stand(
    avatar_folder: Path, tmp_path: Path
) -> None:
    light = Environment(torch.zeros(8, 16, 3), name="lamp")
    # Light from +x, the person's left, which is right in the picture.
    light.radiance[2:5, 6:10] = 20.0
    save_environment(light, tmp_path / "lamp.exr")
    common = (avatar_folder, "--frames", "0:1", "--light", tmp_path / "lamp.exr", "--size", 48)
    assert render(*common, "-o", tmp_path / "left") == 0
    assert render(*common, "--light-rotation", 180, "-o", tmp_path / "right") == 0
    (left,), (right,) = pictures_of(tmp_path / "left"), pictures_of(tmp_path / "right")
    # Frame 0 looks ahead: the side that is lit changes.
    assert left[:, 24:].sum() > 1.2 * left[:, :24].sum()
    assert right[:, :24].sum() > 1.2 * right[:, 24:].sum()


def test_exposure_and_background(avatar_folder: Path, tmp_path: Path) -> None:
    common = (avatar_folder, "--frames", "0:1")
    assert render(*common, "-o", tmp_path / "plain") == 0
    assert render(*common, "-o", tmp_path / "bright", "--exposure", 1) == 0
    assert render(*common, "-o", tmp_path / "white", "--background", "white") == 0
    plain, bright, white = (
        pictures_of(tmp_path / name)[0] for name in ("plain", "bright", "white")
    )
    assert bright.sum() > 1.2 * plain.sum()
    assert white[0, 0].tolist() == [255, 255, 255]
    assert plain[0, 0].tolist() == [0, 0, 0]


def test_another_capture_can_drive(avatar_folder: Path, tmp_path: Path) -> None:
    write_painted_capture(tmp_path / "driver", size=32, num_frames=4)
    output = tmp_path / "cross"
    assert render(avatar_folder, "-o", output, "--drive", tmp_path / "driver") == 0
    assert len(pictures_of(output)) == 4


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--light", "moon"), "there is no light 'moon'"),
        (("--light-sweep",), "the light of the capture can't be turned"),
        (("--light-rotation", "10"), "the light of the capture can't be turned"),
        (("--frames", "9:"), "'9:' names no frame: the motion has 6"),
        (("--size", "4"), "--size 4: give a height from 16 to 8192 pixels"),
        (("--background", "grey"), "background 'grey' is not known"),
        (("--background", "light"), "background 'light' needs a light"),
        (("--drive", "nobody"), "nobody is not a folder"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    avatar_folder: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    text: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert render(avatar_folder, "-o", tmp_path / "clip.mp4", *options) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert text in shown
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_goes_once_around() -> None:
    lights = lights_of(Lighting(light="studio", light_sweep=True, light_rotation=90.0), 4)
    turns = [light.rotation for light in lights if light is not None]
    expected = [torch.pi / 2 * (1 + i) for i in range(4)]
    assert turns == pytest.approx(expected)


def test_a_light_that_is_no_map_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"jpeg")
    with pytest.raises(LightError, match=r"the ending '\.jpg' is not that of an environment map"):
        named_light(str(tmp_path / "photo.jpg"))
