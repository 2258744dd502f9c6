"""The compiled rasterizer against the reference in float64, and its own promises."""

import threading
from dataclasses import replace

import pytest
import torch
from tests.splats.scenes import (
    PARAMETERS,
    doubled,
    gradients,
    maps,
    one_splat,
    random_splats,
    side_camera,
)
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.splats import native, reference
from incarnate.splats.splats import Splats

pytestmark = pytest.mark.skipif(not native.is_available(), reason="the kernel is not built")

# The bounds of docs/rasterizer.md. float32 leaves 1e-7 a step; a pixel sums some dozens, and
# depths reach 2.5.
IMAGE_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 2e-5  # relative L2


def assert_same_pictures(splats: Splats, camera: Camera) -> None:
    exact = maps(reference.rasterize(doubled(splats), camera.to(torch.float64)))
    clear = where_rounding_decides_nothing(splats, camera)
    assert float(clear.double().mean()) > 0.95
    for image, truth in zip(maps(native.rasterize(splats, camera)), exact, strict=True):
        assert float((image.double() - truth)[clear].abs().max()) < IMAGE_TOLERANCE


def assert_same_gradients(splats: Splats, camera: Camera) -> None:
    clear = where_rounding_decides_nothing(splats, camera)
    compiled = gradients(native.rasterize, splats, camera, clear)
    exact = gradients(reference.rasterize, doubled(splats), camera.to(torch.float64), clear)
    for name, truth in exact.items():
        error = (compiled[name].double() - truth).norm()
        assert float(error) <= GRADIENT_TOLERANCE * max(1.0, float(truth.norm())), name


def where_rounding_decides_nothing(splats: Splats, camera: Camera) -> Tensor:
    """Pixels that stay the same if the cuts of alpha and transmittance move by a hair.

    At the others, float32 may leave a splat out that float64 draws, or the other way.
    """
    pictures = []
    for factor in (1 - 1e-4, 1 + 1e-4):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reference, "ALPHA_CUT", reference.ALPHA_CUT * factor)
            patch.setattr(reference, "MIN_TRANSMITTANCE", reference.MIN_TRANSMITTANCE * factor)
            pictures.append(reference.rasterize(doubled(splats), camera.to(torch.float64)).alpha)
    return pictures[0] == pictures[1]


@pytest.mark.parametrize("num_channels", [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 16, 17, 23, 40])
def test_every_number_of_channels_is_the_reference(num_channels: int) -> None:
    splats, camera = random_splats(150, num_channels, seed=num_channels), side_camera()
    assert_same_pictures(splats, camera)
    assert_same_gradients(splats, camera)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (7, 5), (15, 17), (16, 16), (33, 47)])
def test_every_size_of_image_is_the_reference(size: tuple[int, int]) -> None:
    splats, camera = random_splats(120, seed=size[0]), side_camera(*size)
    assert_same_pictures(splats, camera)
    assert_same_gradients(splats, camera)


@pytest.mark.parametrize("shift", [-60.0, 0.0, 25.0])
def test_every_principal_point_is_the_reference(shift: float) -> None:
    splats, camera = random_splats(150, seed=4), side_camera(shift=shift)
    assert_same_pictures(splats, camera)
    assert_same_gradients(splats, camera)


def test_splats_far_outside_are_linearised_within_the_limits() -> None:
    splats = random_splats(200, seed=6)
    wide = replace(splats, means=splats.means * torch.tensor([8.0, 8.0, 2.0]))
    wide = replace(wide, log_scales=wide.log_scales + 2)
    assert_same_pictures(wide, side_camera())
    assert_same_gradients(wide, side_camera())


def test_equal_depths_are_drawn_by_index() -> None:
    ring = random_splats(400, 1, seed=7)
    flat = replace(ring, means=ring.means * torch.tensor([1.0, 1.0, 0.0]))
    view = torch.eye(4)
    view[2, 3] = 2.0
    assert_same_pictures(flat, replace(side_camera(), camera_from_world=view))


def test_opaque_stacks_stop_at_the_same_splat() -> None:
    stack = one_splat(opacity_logits=torch.tensor([20.0])).take(torch.zeros(200, dtype=torch.long))
    offsets = torch.linspace(0, 0.2, 200)[:, None] * torch.tensor([0.1, 0.05, -1.0])
    stack = replace(stack, means=offsets, features=torch.linspace(0, 1, 200)[:, None])
    assert_same_pictures(stack, side_camera())
    assert_same_gradients(stack, side_camera())


def test_every_thread_count_gives_the_same_bits() -> None:
    # More splats than one work item, more tiles than threads.
    splats, camera = random_splats(3000, 9, seed=8), side_camera(130, 75)
    before = torch.get_num_threads()
    try:
        results = []
        for num_threads in (1, 2, 4, 7):
            torch.set_num_threads(num_threads)
            raster = native.rasterize(splats, camera)
            results.append((*maps(raster), *gradients(native.rasterize, splats, camera).values()))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_python_threads_draw_at_once_without_meeting() -> None:
    scenes = [(random_splats(500, 5, seed=seed), side_camera(60 + seed, 50)) for seed in range(4)]
    alone = [gradients(native.rasterize, *scene) for scene in scenes]
    together: list[dict[str, Tensor]] = [{} for _ in scenes]

    def draw(index: int) -> None:
        for _ in range(3):
            together[index] = gradients(native.rasterize, *scenes[index])

    torch.set_num_threads(2)
    threads = [threading.Thread(target=draw, args=(index,)) for index in range(len(scenes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.set_num_threads(1)
    for ours, theirs in zip(alone, together, strict=True):
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_operators_keep_torchs_rules() -> None:
    splats, camera = random_splats(30), side_camera(20, 18)
    tensors = [getattr(splats, name) for name in PARAMETERS[:3]]
    tensors += [camera.camera_from_world, camera.intrinsics]
    size = {"width": 20, "height": 18, "num_threads": 1}
    torch.library.opcheck(native.project_splats, tuple(tensors), size)
    leaves = tuple(tensor.clone().requires_grad_() for tensor in tensors)
    torch.library.opcheck(native.project_splats, leaves, size)
    with torch.no_grad():
        projection = native.project(splats, camera)
    inputs = (projection.means, projection.conics, splats.opacity_logits.sigmoid(),
              projection.depths, splats.features)  # fmt: skip
    # The plan's size depends on the values, so traced shapes stay symbolic.
    for tests in ("test_schema", "test_faketensor", "test_autograd_registration"):
        leaves = tuple(tensor.clone().requires_grad_() for tensor in inputs)
        torch.library.opcheck(native.blend_splats, leaves, size, test_utils=tests)


def test_a_description_names_instruction_set_and_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "threads" in native.description()
    monkeypatch.setattr(native, "is_available", lambda: False)
    assert "missing" in native.description()
