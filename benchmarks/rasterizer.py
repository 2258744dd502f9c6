"""What the rasterizer takes, alone and against plain torch: times, ratios, errors."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from unittest import mock

import torch
from benchmarks import gsplat_torch
from benchmarks.scenes import Subject, make_scene
from benchmarks.timing import Threads, interleaved, wall_time
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.splats import native, reference
from incarnate.splats.splats import Splats

TENSORS = ("means", "quaternions", "log_scales", "opacity_logits", "features")


@dataclass(frozen=True)
class Case:
    """One scene."""

    num_splats: int
    size: int
    num_channels: int
    subject: Subject = "body"

    @property
    def name(self) -> str:
        """As tables show it."""
        who = "" if self.subject == "body" else f"{self.subject}, "
        return f"{who}{self.num_splats // 1000}k, {self.size}², {self.num_channels} ch"

    def scene(self) -> tuple[Splats, Camera]:
        """Its splats, which require gradients, and camera."""
        splats, camera = make_scene(self.num_splats, self.size, self.num_channels, self.subject)
        leaves = {name: getattr(splats, name).requires_grad_() for name in TENSORS}
        return replace(splats, **leaves), camera


GRID = tuple(
    Case(num_splats, size, num_channels)
    for num_splats in (10_000, 40_000, 160_000)
    for size in (256, 512, 1024)
    for num_channels in (3, 16)
)
HEAD = Case(40_000, 512, 3, "head")
# Where gsplat's torch path fits into a few gigabytes.
COMPARED = (
    Case(10_000, 256, 3), Case(40_000, 256, 3), Case(40_000, 512, 3), Case(40_000, 512, 16),
    Case(160_000, 256, 3), Case(160_000, 512, 3), Case(10_000, 1024, 3), HEAD,
)  # fmt: skip


@dataclass(frozen=True)
class Times:
    """Milliseconds of one thread's processor time."""

    forward: float
    backward: float

    @property
    def both(self) -> float:
        """A forward and a backward pass."""
        return self.forward + self.backward


def step(
    splats: Splats, draw: Callable[[], tuple[Tensor, ...]]
) -> tuple[Callable[[], object], Callable[[], object]]:
    """A forward pass, and one with its backward pass after it.

    The images' gradients are given and not made from a loss, which is not the rasterizer's.
    """
    gradients = [torch.randn(image.shape) for image in draw()]
    leaves = [getattr(splats, name) for name in TENSORS]

    def both() -> object:
        return torch.autograd.grad(draw(), leaves, gradients)

    return draw, both


def draw_natively(splats: Splats, camera: Camera) -> tuple[Tensor, Tensor]:
    """The images that the yardsticks draw as well."""
    raster = native.rasterize(splats, camera)
    return raster.sums, raster.alpha


def own_times(case: Case, repeats: int = 7) -> Times:
    """Ours, one thread, projection and binning included."""
    splats, camera = case.scene()
    with Threads(1):
        forward, both = step(splats, lambda: draw_natively(splats, camera))
        times = interleaved({"forward": forward, "both": both}, repeats)
    return Times(1e3 * times["forward"], 1e3 * (times["both"] - times["forward"]))


def against_gsplat(case: Case, repeats: int = 3) -> tuple[float, float]:
    """Milliseconds of a forward and backward pass: gsplat's torch path, and ours."""
    splats, camera = case.scene()
    meetings = gsplat_torch.find_meetings(splats, camera)
    with Threads(1):
        _, theirs = step(splats, lambda: gsplat_torch.rasterize(splats, camera, meetings))
        _, ours = step(splats, lambda: draw_natively(splats, camera))
        times = interleaved({"theirs": theirs, "ours": lambda: (ours(), ours(), ours())}, repeats)
    return 1e3 * times["theirs"], 1e3 * times["ours"] / 3


def against_reference(case: Case) -> tuple[float, float]:
    """Milliseconds of a forward and backward pass: the plain specification, and ours."""
    splats, camera = case.scene()

    def plainly() -> tuple[Tensor, Tensor]:
        raster = reference.rasterize(splats, camera)
        return raster.sums, raster.alpha

    with Threads(1):
        _, theirs = step(splats, plainly)
        _, ours = step(splats, lambda: draw_natively(splats, camera))
        times = interleaved({"theirs": theirs, "ours": ours}, 2)
    return 1e3 * times["theirs"], 1e3 * times["ours"]


@dataclass(frozen=True)
class Scaling:
    """Two threads against one, on a forward and backward pass."""

    cpu: float
    """Processor time of two over that of one."""
    wall: float
    """Time on the clock of one over that of two, each the best of several."""


def two_threads(case: Case, repeats: int = 15) -> Scaling:
    """How well a second thread is used; the wall time needs an idle machine."""
    splats, camera = case.scene()
    _, both = step(splats, lambda: draw_natively(splats, camera))

    def with_threads(count: int) -> Callable[[], object]:
        def work() -> None:
            with Threads(count):
                both()

        return work

    works = {"one": with_threads(1), "two": with_threads(2)}
    cpu, wall = interleaved(works, repeats), interleaved(works, repeats, wall_time)
    return Scaling(cpu["two"] / cpu["one"], wall["one"] / wall["two"])


@dataclass(frozen=True)
class Errors:
    """Departure from the reference in float64, over the pixels where rounding decides nothing."""

    image: float
    """Largest absolute difference in the colours."""
    gradient: float
    """Largest relative L2 error among the parameters' gradients."""
    flipped: float
    """Share of the other pixels: there a splat may fall on the other side of a cut."""


def errors(case: Case) -> Errors:
    """Errors of image and gradients."""
    splats, camera = case.scene()
    doubled = {name: getattr(splats, name).detach().double() for name in TENSORS}
    exact_splats = replace(splats, **{n: values.requires_grad_() for n, values in doubled.items()})
    with torch.no_grad():
        depths = native.project(splats, camera).depths.double()
    clear = _where_rounding_decides_nothing(exact_splats, camera, depths)
    ours = native.rasterize(splats, camera).sums
    exact = _exact_picture(exact_splats, camera, depths)
    difference = (ours.double() - exact).abs().amax(-1).detach()
    weights = torch.randn(exact.shape, dtype=torch.float64) * clear[..., None]
    by_ours, by_exact = (
        torch.autograd.grad(
            (sums * weights.to(sums)).sum(), [getattr(of, name) for name in TENSORS]
        )
        for sums, of in ((ours, splats), (exact, exact_splats))
    )
    relative = [
        float((a.double() - b).norm() / b.norm()) for a, b in zip(by_ours, by_exact, strict=True)
    ]
    flipped = 1 - float(clear.double().mean())
    return Errors(float(difference[clear].max()), max(relative), flipped)


def _exact_picture(splats: Splats, camera: Camera, depths: Tensor) -> Tensor:
    """The reference in float64, splats of one depth in float32 drawn by index."""
    projection = reference.project(splats, camera.to(torch.float64))
    ordered = replace(projection, depths=depths)
    opacities = splats.opacity_logits.sigmoid()
    window = (0, 0, camera.width, camera.height)
    return reference.blend(ordered, opacities, splats.features, window)[0]


@torch.no_grad()
def _where_rounding_decides_nothing(splats: Splats, camera: Camera, depths: Tensor) -> Tensor:
    """Pixels that stay the same if the cuts of alpha and transmittance move by a hair."""
    pictures = []
    for factor in (1 - 1e-5, 1 + 1e-5):
        cuts = {
            name: getattr(reference, name) * factor for name in ("ALPHA_CUT", "MIN_TRANSMITTANCE")
        }
        with mock.patch.multiple(reference, **cuts):
            pictures.append(_exact_picture(splats, camera, depths))
    return (pictures[0] == pictures[1]).all(-1)
