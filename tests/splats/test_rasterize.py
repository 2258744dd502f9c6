"""One function that draws: which backend it takes, what it refuses, cameras and regions."""

import warnings
from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.splats.scenes import PARAMETERS, doubled, gradients, maps, random_splats, side_camera
from torch import Tensor

from incarnate.errors import RenderError
from incarnate.geometry.cameras import Camera
from incarnate.splats import native, reference
from incarnate.splats.rasterize import _say_once, rasterize
from incarnate.splats.regions import Region
from incarnate.splats.splats import Splats

NEEDS_KERNEL = pytest.mark.skipif(not native.is_available(), reason="the kernel is not built")


def same(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@NEEDS_KERNEL
def test_float32_on_the_cpu_is_drawn_by_the_kernel() -> None:
    splats, camera = random_splats(30), side_camera()
    assert same(maps(rasterize(splats, camera)), maps(native.rasterize(splats, camera)))


def test_float64_is_drawn_by_the_reference() -> None:
    splats, camera = doubled(random_splats(30)), side_camera().to(torch.float64)
    raster = rasterize(splats, camera)
    assert raster.sums.dtype == torch.float64
    assert same(maps(raster), maps(reference.rasterize(splats, camera)))


def test_a_missing_kernel_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    splats, camera = random_splats(5), side_camera()
    monkeypatch.setattr(native, "is_available", lambda: False)
    _say_once.cache_clear()
    with pytest.warns(RuntimeWarning, match="the compiled kernel is missing.*make setup"):
        raster = rasterize(splats, camera)
    assert same(maps(raster), maps(reference.rasterize(splats, camera)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rasterize(splats, camera)


def test_a_backend_that_cannot_draw_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    splats, camera = random_splats(3), side_camera()
    with pytest.raises(RenderError, match=r"backend='cuda'.*float32 on cuda, these splats are"):
        rasterize(splats, camera, backend="cuda")
    with pytest.raises(RenderError, match=r"draws float32 on cpu, these splats are float64"):
        rasterize(doubled(splats), camera.to(torch.float64), backend="native")
    monkeypatch.setattr(native, "is_available", lambda: False)
    with pytest.raises(RenderError, match="it is not installed: build it with: make setup"):
        rasterize(splats, camera, backend="native")


def test_mixed_dtypes_are_refused() -> None:
    with pytest.raises(RenderError, match=r"got float32 on cpu, float64 on cpu.*Camera\.to"):
        rasterize(random_splats(3), side_camera().to(torch.float64))


@pytest.mark.parametrize("region", [Region(0, 0, 0, 5), Region(-1, 0, 5, 5), Region(30, 0, 9, 5)])
def test_regions_outside_the_image_are_refused(region: Region) -> None:
    with pytest.raises(RenderError, match="of 37x29 pixels; it has to lie inside"):
        rasterize(random_splats(3), side_camera(37, 29), region=region)


@pytest.mark.parametrize("backend", ["reference", pytest.param("native", marks=NEEDS_KERNEL)])
def test_a_region_is_a_part_of_the_image(backend: str) -> None:
    splats, camera, region = random_splats(90), side_camera(), Region(5, 3, 25, 19)
    assert backend in ("reference", "native")
    whole = rasterize(splats, camera, backend=backend)
    part = rasterize(splats, camera, backend=backend, region=region)
    for image, cut in zip(maps(whole), maps(part), strict=True):
        # Tiles begin elsewhere, and float32 offsets from a tile's corner round anew.
        assert torch.allclose(image[3:22, 5:30], cut, atol=1e-5)


def test_several_cameras_give_a_raster_each() -> None:
    splats, cameras = random_splats(40), [side_camera(20, 11), side_camera(13, 30)]
    rasters = rasterize(splats, cameras)
    assert [raster.alpha.shape for raster in rasters] == [(11, 20), (30, 13)]
    for camera, raster in zip(cameras, rasters, strict=True):
        assert same(maps(raster), maps(rasterize(splats, camera)))


# Powers of ten up to what float32 holds, and what is no number at all.
wild_floats = st.one_of(
    st.floats(width=32, allow_nan=True, allow_infinity=True),
    st.floats(-5, 5, width=32),
    st.sampled_from([0.0, 1e-42, 1e-30, -1e30]),
)
# A place in a tensor, as a fraction of its length, and what is put there.
changes = st.lists(st.tuples(st.floats(0, 0.999), wild_floats), max_size=3)


@dataclass(frozen=True)
class WildScene:
    """A scene of any size whose values are changed in places."""

    size: tuple[int, int]
    num_splats: int
    num_channels: int
    seed: int
    changes: dict[str, list[tuple[float, float]]]

    def build(self) -> tuple[Splats, Camera]:
        splats = random_splats(self.num_splats, self.num_channels, self.seed)
        camera = side_camera(*self.size)
        for name, places in self.changes.items():
            if name in PARAMETERS:
                splats = replace(splats, **{name: changed(getattr(splats, name), places)})
            else:
                camera = replace(camera, **{name: changed(getattr(camera, name), places)})
        return splats, camera


def changed(values: Tensor, places: list[tuple[float, float]]) -> Tensor:
    flat = values.flatten().clone()
    for fraction, value in places:
        if len(flat):
            flat[int(fraction * len(flat))] = value
    return flat.reshape(values.shape)


wild_scenes = st.builds(
    WildScene,
    size=st.tuples(st.integers(0, 50), st.integers(0, 50)),
    num_splats=st.integers(0, 40),
    num_channels=st.integers(0, 12),
    seed=st.integers(0, 5),
    changes=st.dictionaries(
        st.sampled_from([*PARAMETERS, "camera_from_world", "intrinsics"]), changes, max_size=3
    ),
)


@NEEDS_KERNEL
@settings(deadline=None, max_examples=150)
@given(wild_scenes)
def test_any_scene_ends_in_a_picture_or_an_exact_error(wild: WildScene) -> None:
    splats, camera = wild.build()
    if min(wild.size) < 1:
        with pytest.raises(RenderError, match="at least 1x1"):
            rasterize(splats, camera)
        return
    raster = rasterize(splats, camera)
    assert raster.sums.shape == (camera.height, camera.width, len(splats.channels))
    assert float(raster.alpha.min()) >= 0
    assert float(raster.alpha.max()) <= 1
    # Sums of finite values are finite unless these come near what float32 holds.
    if not bool((splats.features.nan_to_num(0, 0, 0).abs() > 1e30).any()):
        assert bool(raster.sums.isfinite().all())
    gradients(rasterize, splats, camera)
