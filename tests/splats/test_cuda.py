"""Drawing through gsplat: the reference's picture, on a CUDA device or through a stand-in."""

import inspect
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.splats.scenes import PARAMETERS, doubled, gradients, maps, random_splats, side_camera
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.splats import cuda, reference
from incarnate.splats.splats import Splats


def stand_in(**arguments: Any) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """What gsplat.rasterization returns for these arguments, by the reference."""
    splats = Splats(
        arguments["means"],
        arguments["quats"],
        arguments["scales"].log(),
        arguments["opacities"].logit(),
        arguments["colors"],
        ("value",) * arguments["colors"].shape[1],
    )
    (view,), (intrinsics,) = arguments["viewmats"], arguments["Ks"]
    camera = Camera(intrinsics, view, arguments["width"], arguments["height"])
    raster = reference.rasterize(splats, camera)
    images = torch.cat([raster.sums, raster.depth_sum[..., None]], -1)
    return images[None], raster.alpha[None, ..., None], {}


@pytest.mark.parametrize("window", [None, (3, 2, 20, 17)])
def test_arguments_and_results_keep_their_meaning(
    window: reference.Window | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gsplat", SimpleNamespace(rasterization=stand_in))
    splats, camera = doubled(random_splats(40)), side_camera().to(torch.float64)
    drawn = zip(
        maps(cuda.rasterize(splats, camera, window)),
        maps(reference.rasterize(splats, camera, window)),
        strict=True,
    )
    # log and logit undo exp and sigmoid but for float64 rounding.
    assert all(torch.allclose(a, b, atol=1e-9) for a, b in drawn)


def test_gsplat_takes_these_arguments() -> None:
    gsplat = pytest.importorskip("gsplat", reason="gsplat is an extra: incarnate[cuda]")
    names = ["means", "quats", "scales", "opacities", "colors", "viewmats", "Ks", "width",
             "height", "near_plane", "eps2d", "sh_degree", "render_mode"]  # fmt: skip
    assert set(names) <= set(inspect.signature(gsplat.rasterization).parameters)


@pytest.mark.skipif(not cuda.is_available(), reason="needs a CUDA device and gsplat")
@pytest.mark.parametrize("num_channels", [1, 3, 9, 40])
def test_the_picture_is_the_references(num_channels: int) -> None:
    splats, camera = random_splats(200, num_channels), side_camera()
    moved = {name: getattr(splats, name).to("cuda") for name in PARAMETERS}
    on_device = replace(splats, **moved)
    raster = cuda.rasterize(on_device, camera.to("cuda"))
    exact = reference.rasterize(doubled(splats), camera.to(torch.float64))
    for image, truth in zip(maps(raster), maps(exact), strict=True):
        # gsplat's extents cut at 3.33 σ, where opacity times the rest is 1/255 at most.
        error = (image.cpu().double() - truth).abs().flatten()
        assert float(error.quantile(0.99)) < 1e-4
    by = gradients(cuda.rasterize, on_device, camera.to("cuda"))
    assert all(bool(gradient.isfinite().all()) for gradient in by.values())
