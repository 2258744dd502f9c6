from pathlib import Path

import numpy as np
import OpenEXR
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.light.maps import lively, white

from incarnate.errors import LightError
from incarnate.light.environment import Environment
from incarnate.light.files import load_environment, save_environment
from incarnate.light.sampling import mean_radiance


def write_exr(path: Path, channels: dict[str, np.ndarray]) -> None:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(path))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("maps")


@given(arrays(np.float32, (2, 4, 3), elements=st.floats(0, 2.0**100, width=32)))
def test_exr_keeps_every_bit(folder: Path, pixels: np.ndarray) -> None:
    pixels[0, 0, 0] = 1.0
    save_environment(Environment(torch.from_numpy(pixels)), folder / "map.exr")
    assert torch.equal(load_environment(folder / "map.exr").radiance, torch.from_numpy(pixels))


@pytest.mark.parametrize("ending", ["hdr", "exr", "HDR"])
def test_maps_come_back_with_their_name(
    tmp_path: Path, ending: str, generator: torch.Generator
) -> None:
    env = lively(16, generator)
    path = tmp_path / "deeper" / f"lamps.{ending}"
    save_environment(env, path)
    back = load_environment(path)
    assert back.name == "lamps"
    assert back.rotation == 0
    largest = env.radiance.amax(-1, keepdim=True)
    # .hdr keeps 8 bits of the largest channel.
    assert ((back.radiance - env.radiance).abs() <= largest / 255).all()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_large_map_is_averaged_down(tmp_path: Path, generator: torch.Generator) -> None:
    env = lively(32, generator)
    save_environment(env, tmp_path / "map.exr")
    small = load_environment(tmp_path / "map.exr", max_height=8)
    assert small.radiance.shape == (8, 16, 3)
    torch.testing.assert_close(mean_radiance(small), mean_radiance(env))


def test_impossible_pixels_are_mended(tmp_path: Path) -> None:
    pixels = np.ones((2, 4, 3), np.float32)
    pixels[0, 0], pixels[0, 1], pixels[0, 2, 1], pixels[1, 0] = np.nan, -3.0, np.inf, 5.0
    write_exr(tmp_path / "map.exr", {"RGB": pixels})
    radiance = load_environment(tmp_path / "map.exr").radiance
    assert radiance[0, 0].tolist() == [0, 0, 0]
    assert radiance[0, 1].tolist() == [0, 0, 0]
    assert radiance[0, 2].tolist() == [1, 5, 1]


def test_a_grey_exr_is_read_as_white_light(tmp_path: Path) -> None:
    write_exr(tmp_path / "map.exr", {"Y": np.full((2, 4), 0.5, np.float32)})
    assert torch.equal(load_environment(tmp_path / "map.exr").radiance, white(2, 0.5).radiance)


def test_names_that_are_no_maps_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LightError, match=r"'\.jpg'.*\.hdr and \.exr"):
        load_environment(tmp_path / "map.jpg")
    with pytest.raises(LightError, match=r"'\.png'.*\.hdr and \.exr"):
        save_environment(white(), tmp_path / "map.png")
    with pytest.raises(LightError, match="there is no such file"):
        load_environment(tmp_path / "map.hdr")


@pytest.mark.parametrize("ending", ["hdr", "exr"])
def test_damaged_files_are_named(tmp_path: Path, ending: str, generator: torch.Generator) -> None:
    path = tmp_path / f"map.{ending}"
    save_environment(lively(16, generator), path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(LightError, match=f"map.{ending}: .*copy or download it again"):
        load_environment(path)


def test_pictures_that_are_no_maps_are_refused(tmp_path: Path) -> None:
    write_exr(tmp_path / "square.exr", {"RGB": np.ones((4, 4, 3), np.float32)})
    with pytest.raises(LightError, match=r"4 × 4 pixels.*twice as wide as high"):
        load_environment(tmp_path / "square.exr")
    write_exr(tmp_path / "black.exr", {"RGB": np.zeros((2, 4, 3), np.float32)})
    with pytest.raises(LightError, match="no pixel holds light"):
        load_environment(tmp_path / "black.exr")
    write_exr(tmp_path / "depth.exr", {"Z": np.ones((2, 4), np.float32)})
    with pytest.raises(LightError, match="channels Z; expected R, G and B"):
        load_environment(tmp_path / "depth.exr")


def test_turned_light_is_not_saved_as_if_it_were_not(tmp_path: Path) -> None:
    with pytest.raises(LightError, match=r"turned by 0\.500 rad"):
        save_environment(white().rotated(0.5), tmp_path / "map.hdr")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "map.hdr"
    save_environment(white(), path)
    before = path.read_bytes()
    broken = Environment(torch.full((2, 4, 3), torch.nan))
    try:
        save_environment(broken, path)
    except (LightError, ValueError, RuntimeWarning):
        assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["map.hdr"]


@pytest.mark.parametrize("name", ["park", "venice", "workshop"])
def test_light_probes_load(shared_data: Path, name: str) -> None:
    env = load_environment(shared_data / "environments" / f"{name}.hdr", max_height=64)
    assert env.radiance.shape == (64, 128, 3)
    assert env.radiance.isfinite().all()
    # Photographs of the real world: far from black, and brighter in places than on average.
    mean = float(mean_radiance(env).mean())
    assert 0.01 < mean < 100
    assert float(env.radiance.max()) > 3 * mean
