"""What programs of others see in a file of splats, brought into one form."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.splats.files.clouds import covariances

from incarnate.splats.files.cloud import SplatCloud, opacities
from incarnate.splats.files.ply import read_ply

FOLDER = Path(__file__).parent
Y0 = 0.28209479177387814


@dataclass(frozen=True)
class Seen:
    """Splats as a reader has them."""

    means: np.ndarray
    covariances: np.ndarray
    opacity: np.ndarray
    colour: np.ndarray
    """Base colour, 0 to 1."""
    harmonics: np.ndarray
    """Coefficients above degree 0, (N, K, 3)."""


def seen_by_us(cloud: SplatCloud) -> Seen:
    return Seen(
        cloud.means,
        covariances(cloud),
        opacities(cloud.opacity_logits),
        (0.5 + Y0 * cloud.harmonics[:, 0]).clip(0, 1),
        cloud.harmonics[:, 1:],
    )


def node(*words: str) -> str:
    """Run node in this folder, or skip where it or its packages are absent."""
    if shutil.which("node") is None or not (FOLDER / "node_modules").is_dir():
        pytest.skip("the readers of others are absent: make foreign")
    run = subprocess.run(["node", *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


def splat_transform(source: Path, target: Path, *options: str) -> None:
    program = "node_modules/@playcanvas/splat-transform/bin/cli.mjs"
    node(program, "--quiet", "--overwrite", *options, str(source), str(target))


def seen_by_splat_transform(path: Path) -> Seen:
    target = path.with_name("converted.ply")
    splat_transform(path, target)
    return seen_by_us(read_ply(target, axes="y-down"))


def seen_by_gsply(path: Path) -> Seen:
    gsply = pytest.importorskip("gsply", reason="gsply is absent: make foreign")
    data = gsply.plyread(path) if path.suffix == ".ply" else gsply.read_spz(path)
    cloud = SplatCloud(
        means=np.array(data.means),
        quaternions=np.array(data.quats),
        log_scales=np.array(data.scales),
        opacity_logits=np.array(data.opacities).reshape(-1),
        harmonics=np.concatenate([np.array(data.sh0)[:, None], np.array(data.shN)], 1),
    )
    # It leaves axes as the file has them.
    return seen_by_us(cloud.turned_over() if path.suffix == ".ply" else cloud)


def seen_by_three(path: Path) -> Seen:
    found = json.loads(node("read.mjs", "three", str(path)))
    arrays = {name: np.array(values) for name, values in found.items()}
    means = arrays["position"].reshape(-1, 3)
    upper = arrays["covariance"].reshape(-1, 6)
    rgba = arrays["color"].reshape(-1, 4) / 255
    rest = [
        (arrays[f"sphericalHarmonics{degree}"].reshape(len(means), -1)[:, : 3 * (2 * degree + 1)])
        for degree in (1, 2, 3)
    ]
    return Seen(
        means,
        upper[:, [0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(-1, 3, 3),
        rgba[:, 3],
        rgba[:, :3],
        (np.concatenate(rest, 1).reshape(len(means), -1, 3) - 128) / 128,
    )


def seen_by_playcanvas(path: Path) -> Seen:
    found = json.loads(node("read.mjs", "playcanvas", str(path)))

    def columns(*names: str) -> np.ndarray:
        return np.stack([np.array(found[name]) for name in names], -1)

    rest = columns(*(f"f_rest_{i}" for i in range(45))).reshape(-1, 3, 15)
    cloud = SplatCloud(
        means=columns("x", "y", "z"),
        quaternions=columns("rot_0", "rot_1", "rot_2", "rot_3"),
        # The engine keeps activated numbers.
        log_scales=np.log(columns("scale_0", "scale_1", "scale_2")),
        opacity_logits=np.zeros(len(rest)),
        harmonics=np.concatenate(
            [columns("f_dc_0", "f_dc_1", "f_dc_2")[:, None], rest.transpose(0, 2, 1)], 1
        ),
    )
    seen = seen_by_us(cloud)
    opacity = np.array(found["opacity"])
    return Seen(seen.means, seen.covariances, opacity, seen.colour, seen.harmonics)


def seen_in_usd(arrays: Mapping[str, np.ndarray], frame: int | None = None) -> Seen:
    """From the properties of a field by the schema's names; both readers have orientations xyzw."""

    def values(name: str, *shape: int) -> np.ndarray:
        return np.asarray(arrays.get(f"{name}@{frame}", arrays.get(name))).reshape(*shape)

    scales, opacity = values("scales", -1, 3), values("opacities", -1)
    cloud = SplatCloud(
        means=values("positions", -1, 3),
        quaternions=np.roll(values("orientations", -1, 4), 1, axis=1),
        log_scales=np.log(scales),
        opacity_logits=np.zeros(len(scales)),
        harmonics=values("radiance:sphericalHarmonicsCoefficients", len(scales), -1, 3),
    )
    seen = seen_by_us(cloud)
    return Seen(seen.means, seen.covariances, opacity, seen.colour, seen.harmonics)


def usd_by_three(path: Path) -> dict[str, np.ndarray]:
    """All properties, and under name@frame those that move."""
    found = json.loads(node("read.mjs", "three", str(path)))
    assert (found["upAxis"], found["metersPerUnit"]) == (["Y"], [1])
    return {name: np.array(values) for name, values in found.items()}


def usd_by_tinyusdz(path: Path) -> dict[str, np.ndarray]:
    """All properties; under name@ the times of those that move: it hands out no other values."""
    tinyusdz = pytest.importorskip("tinyusdz", reason="tinyusdz is absent: make foreign")
    stage = tinyusdz.load(str(path))
    assert (stage.get_metadata("upAxis"), stage.get_metadata("metersPerUnit")) == ("Y", 1)
    [field] = tinyusdz.traverse(stage)
    assert field.type_name == "ParticleField3DGaussianSplat"
    names = ("positions", "orientations", "scales", "opacities")
    arrays: dict[str, np.ndarray] = {}
    for name in (*names, "radiance:sphericalHarmonicsCoefficients"):
        arrays[name] = np.array(field.get_attribute(name).value)
        arrays[f"{name}@"] = np.array([time for time, _ in field.get_attribute_timesamples(name)])
    return arrays


def usd_seen_by_three(path: Path) -> Seen:
    return seen_in_usd(usd_by_three(path))


def usd_seen_by_tinyusdz(path: Path) -> Seen:
    return seen_in_usd(usd_by_tinyusdz(path))
