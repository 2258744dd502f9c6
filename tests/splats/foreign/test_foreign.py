"""Programs of others see in our files what we put there: axes, shapes, colours (docs/export.md).

``make foreign`` brings them; without them, these tests are skipped.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.splats.files.clouds import random_cloud
from tests.splats.foreign.readers import (
    Seen,
    seen_by_gsply,
    seen_by_playcanvas,
    seen_by_splat_transform,
    seen_by_three,
    seen_by_us,
    seen_in_usd,
    splat_transform,
    usd_by_three,
    usd_by_tinyusdz,
    usd_seen_by_three,
    usd_seen_by_tinyusdz,
)

from incarnate.splats.files.cloud import SplatCloud
from incarnate.splats.files.glb import read_glb, write_glb
from incarnate.splats.files.ply import write_ply
from incarnate.splats.files.spz import read_spz, write_spz
from incarnate.splats.files.usd import write_usd


def write_still_usd(cloud: SplatCloud, path: Path) -> None:
    pytest.importorskip("pxr.Usd", reason="usd-core is not installed")
    write_usd([cloud], path)


WRITERS: dict[str, Callable[[SplatCloud, Path], None]] = {
    "ply": write_ply,
    "spz": write_spz,
    "glb": write_glb,
    "usda": write_still_usd,
    "usdc": write_still_usd,
}
READERS: dict[tuple[str, str], Callable[[Path], Seen]] = {
    ("ply", "gsply 0.4"): seen_by_gsply,
    ("ply", "splat-transform 2.7"): seen_by_splat_transform,
    ("ply", "three.js r187"): seen_by_three,
    ("spz", "gsply 0.4"): seen_by_gsply,
    ("spz", "splat-transform 2.7"): seen_by_splat_transform,
    ("spz", "three.js r187"): seen_by_three,
    ("glb", "three.js r187"): seen_by_three,
    ("glb", "PlayCanvas"): seen_by_playcanvas,
    ("usda", "three.js r187"): usd_seen_by_three,
    ("usda", "tinyusdz 0.9"): usd_seen_by_tinyusdz,
    ("usdc", "three.js r187"): usd_seen_by_three,
    ("usdc", "tinyusdz 0.9"): usd_seen_by_tinyusdz,
}


def tolerances(ending: str, reader: str) -> tuple[float, float, float, float, float]:
    """Of position (m), shape (of the longest axis squared), opacity, colour, and harmonics."""
    exact = 2e-6
    # SPZ: positions of 2⁻²⁰ m, scales of 1/16 in the logarithm, rotations of 1/511; bytes for all
    # else, whose half step is 0.002 of opacity, 0.0037 of colour, 0.004 of a coefficient.
    spz = (1e-6, 0.07, 0.002, 0.004, 0.004)
    position, shape, opacity, colour, harmonics = spz if ending == "spz" else (exact,) * 5
    if reader.startswith("three") and not ending.startswith("usd"):
        # It makes bytes of colours, and rounds what SPZ has rounded once more.
        opacity, colour, harmonics = opacity + 0.002, colour + 0.002, harmonics + 0.004
    return position, shape, opacity, colour, harmonics


def differences(truth: Seen, seen: Seen) -> list[float]:
    # Some readers sort the splats: each is compared with the one that lies nearest.
    nearest = np.abs(truth.means[:, None] - seen.means[None]).max(-1).argmin(1)
    assert len(set(nearest)) == len(truth.means)
    longest = np.trace(truth.covariances, axis1=1, axis2=2)[:, None, None]
    pairs = (
        (truth.means, seen.means),
        (truth.covariances / longest, seen.covariances / longest[nearest.argsort()]),
        (truth.opacity, seen.opacity),
        (truth.colour, seen.colour),
        (truth.harmonics, seen.harmonics),
    )
    return [float(np.abs(ours - theirs[nearest]).max()) for ours, theirs in pairs]


@pytest.mark.parametrize(("ending", "reader"), READERS)
def test_others_see_what_was_written(ending: str, reader: str, tmp_path: Path) -> None:
    cloud = random_cloud(count=60)
    path = tmp_path / f"cloud.{ending}"
    if (ending, reader[:5]) == ("ply", "three"):
        # three.js takes axes as the file has them.
        write_ply(cloud, path, axes="y-up")
    else:
        WRITERS[ending](cloud, path)
    found = differences(seen_by_us(cloud), READERS[ending, reader](path))
    assert (np.array(found) <= tolerances(ending, reader)).all(), found


@pytest.mark.parametrize("ending", ["usda", "usdc"])
def test_others_see_the_frames_of_an_animation(ending: str, tmp_path: Path) -> None:
    pytest.importorskip("pxr.Usd", reason="usd-core is not installed")
    clouds = [random_cloud(count=60, seed=seed) for seed in range(3)]
    clouds = [replace(cloud, harmonics=clouds[0].harmonics) for cloud in clouds]
    path = tmp_path / f"moving.{ending}"
    write_usd(clouds, path)
    arrays = usd_by_three(path)
    for frame, cloud in enumerate(clouds):
        found = differences(seen_by_us(cloud), seen_in_usd(arrays, frame))
        assert (np.array(found) <= tolerances(ending, "three.js r187")).all(), (frame, found)
    times = usd_by_tinyusdz(path)
    assert times["positions@"].tolist() == times["scales@"].tolist() == [0, 1, 2]
    assert not times["radiance:sphericalHarmonicsCoefficients@"].size


def test_we_read_what_others_write(tmp_path: Path) -> None:
    cloud = random_cloud(count=60)
    write_ply(cloud, tmp_path / "a.ply")
    splat_transform(tmp_path / "a.ply", tmp_path / "b.spz", "--spz-version", "3")
    found = differences(seen_by_us(cloud), seen_by_us(read_spz(tmp_path / "b.spz")))
    # It writes positions in steps of 2⁻¹² m, and rounds harmonics to 5 and 4 bits, as Niantic does.
    assert (np.array(found) <= (1.3e-4, 0.07, 0.004, 0.004, 0.07)).all(), found
    splat_transform(tmp_path / "a.ply", tmp_path / "c.glb")
    read = read_glb(tmp_path / "c.glb")
    # It turns a PLY about its z axis to make a GLB: that is half a turn about y from our world.
    turned = replace(cloud, means=cloud.means * np.array([-1, 1, -1], np.float32))
    np.testing.assert_allclose(read.means, turned.means, atol=1e-6)
    np.testing.assert_allclose(read.log_scales, cloud.log_scales, atol=1e-5)


def test_the_page_states_these_tolerances(repository: Path) -> None:
    head = "| format | reader | position | shape | opacity | colour | harmonics |"
    rows = [
        f"| {ending.upper()} | {reader} | "
        + " | ".join(f"{value:.1g}" for value in tolerances(ending, reader))
        + " |"
        for ending, reader in READERS
    ]
    table = "\n".join([head, "| --- | --- | --- | --- | --- | --- | --- |", *rows])
    assert table in (repository / "docs" / "export.md").read_text(encoding="utf-8"), table
