"""USD: round trips, time samples, and what is refused; needs the extra ``usd``."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from tests.splats.files.clouds import CLOUDS, check_equal, random_cloud
from tests.splats.files.damage import check_damage

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import SplatCloud
from incarnate.splats.files.usd import read_usd, write_usd

# pxr has no types that a checker could read.
usd: Any = pytest.importorskip("pxr.Usd", reason="usd-core is not installed")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("usd") / "cloud.usdc"


@given(cloud=CLOUDS)
@settings(max_examples=20)
def test_what_is_written_is_read(cloud: SplatCloud, file: Path) -> None:
    assert write_usd([cloud], file) == 1
    [read] = read_usd(file)
    check_equal(cloud, read)


def test_the_stage_says_how_it_stands(tmp_path: Path) -> None:
    write_usd([random_cloud(count=3)], tmp_path / "a.usda", notes={"consent": "Ada agreed"})
    text = (tmp_path / "a.usda").read_text()
    assert 'upAxis = "Y"' in text
    assert "metersPerUnit = 1" in text
    assert 'def ParticleField3DGaussianSplat "Splats"' in text
    assert 'string consent = "Ada agreed"' in text
    assert [path.name for path in tmp_path.iterdir()] == ["a.usda"]
    stage = usd.Stage.Open(str(tmp_path / "a.usda"))
    prim = stage.GetDefaultPrim()
    # The schema's own quaternion type has its real part first, as ours.
    first = prim.GetAttribute("orientations").Get()[0]
    np.testing.assert_allclose(first.GetReal(), random_cloud(count=3).quaternions[0, 0], rtol=1e-6)


def test_an_animation_has_a_sample_a_frame_and_what_stands_is_written_once(file: Path) -> None:
    cloud = random_cloud(count=20)
    frames = [replace(cloud, means=cloud.means + np.float32(0.01 * i)) for i in range(4)]
    assert write_usd(iter(frames), file, fps=30.0) == 4
    for cloud, read in zip(frames, read_usd(file), strict=True):
        check_equal(cloud, read)
    stage = usd.Stage.Open(str(file))
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (0, 3)
    assert stage.GetTimeCodesPerSecond() == 30
    prim = stage.GetDefaultPrim()
    assert prim.GetAttribute("positions").GetTimeSamples() == [0, 1, 2, 3]
    assert prim.GetAttribute("scales").GetTimeSamples() == []


def test_a_value_that_stood_is_held_until_it_changes(file: Path) -> None:
    cloud = random_cloud(count=20)
    bright = replace(cloud, harmonics=cloud.harmonics + np.float32(0.3))
    moved = [replace(cloud, means=cloud.means + np.float32(i)) for i in range(3)]
    write_usd([*moved, replace(bright, means=cloud.means + np.float32(3))], file)
    frames = read_usd(file)
    np.testing.assert_array_equal(frames[2].harmonics, cloud.harmonics)
    np.testing.assert_array_equal(frames[3].harmonics, bright.harmonics)


def test_mistakes_are_refused(tmp_path: Path) -> None:
    small, large = random_cloud(count=2), random_cloud(count=3)
    with pytest.raises(SplatFileError, match=r"ends in \.usd, \.usda, \.usdc"):
        write_usd([small], tmp_path / "a.usdz")
    with pytest.raises(SplatFileError, match="different numbers of splats"):
        write_usd([small, large], tmp_path / "a.usdc")
    with pytest.raises(SplatFileError, match="there is no frame"):
        write_usd([], tmp_path / "b.usdc")
    with pytest.raises(SplatFileError, match="there is no file"):
        read_usd(tmp_path / "c.usdc")
    (tmp_path / "d.usda").write_text('#usda 1.0\ndef Xform "A" {}\n')
    with pytest.raises(SplatFileError, match="holds no ParticleField3DGaussianSplat"):
        read_usd(tmp_path / "d.usda")
    (tmp_path / "e.usda").write_text("#usda 1.0\n(\n    subLayers = [@a.usda@]\n)\n")
    with pytest.raises(SplatFileError, match="refers to other files"):
        read_usd(tmp_path / "e.usda")
    (tmp_path / "e.usda").write_text("no USD")
    with pytest.raises(SplatFileError, match="can't be read as USD"):
        read_usd(tmp_path / "e.usda")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("sphericalHarmonicsDegree = 0", "sphericalHarmonicsDegree = 9", "degree 9; 0 to 3"),
        ("sphericalHarmonicsDegree = 0", "sphericalHarmonicsDegree = 1", "has the shape"),
        ("point3f[] positions", "point3f[] other", "it holds 0 splats"),
        ("float3[] scales = [(", "float3[] scales = [(-1, 1, 1), (", "has the shape"),
    ],
)
def test_fields_that_do_not_fit_are_refused(old: str, new: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.usda"
    write_usd([random_cloud(count=2, degree=0)], path)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SplatFileError, match=text):
        read_usd(path)


def test_damaged_text_does_no_harm(tmp_path: Path) -> None:
    write_usd([random_cloud(count=2, degree=0)], tmp_path / "a.usda")

    def read(path: Path) -> SplatCloud:
        return read_usd(path)[0]

    assert check_damage(tmp_path / "a.usda", read, head=400, tries=60) > 20
