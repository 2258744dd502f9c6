"""Recipes of body avatars: everything that decides how one is trained."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from incarnate.avatars.body import BodyModel
from incarnate.avatars.networks import NETWORK_SIZES

BodyPreset = Literal["smoke", "demo", "quick", "standard", "paper"]


@dataclass(frozen=True)
class BodyRates:
    """Adam step sizes at the start of a stage; all fall along one cosine to `final`."""

    means: float = 1e-3
    """Metres a step."""
    quaternions: float = 4e-3
    log_scales: float = 1e-2
    opacity_logits: float = 3e-2
    albedo_logits: float = 3e-2
    roughness_logits: float = 5e-3
    reflectance_logits: float = 5e-3
    light_logits: float = 2e-2
    skinning: float = 2e-2
    """Of the logits of skinning weights."""
    network: float = 2e-3
    memory: float = 5e-2
    details: float = 5e-2
    final: float = 0.05
    """Share of the start value that is left at the last step of a stage."""


@dataclass(frozen=True)
class BodyLosses:
    """Weights of the training loss, and of what restrains it (docs/body.md)."""

    l1: float = 0.8
    ssim: float = 0.2
    alpha: float = 0.1
    """Mean absolute difference of coverage and matte."""
    perceptual: float = 0.0
    """LPIPS (VGG16) on one patch of each picture; needs its weights."""
    offsets: float = 2.5e-3
    """Squared displacement by the pose, in units of 1 cm."""
    changes: float = 1e-4
    """Squared changes by the pose, in units of the painted channels."""
    drift: float = 4e-3
    """Squared distance of a splat from its start in rest space, in units of 2 cm."""
    skinning: float = 1e-3
    """Squared change of the logits of skinning weights."""
    flatness: float = 1e-2
    """Penalty on splats that lose their thin axis, or outgrow 12 mm."""
    light: float = 2e-3
    """Squared log-ratio of neighbouring texels of the learned light, and of its mean to one."""


@dataclass(frozen=True)
class BodyRecipe:
    """How a body avatar is trained."""

    steps: int
    """Optimisation steps; one pose a step."""
    size: int
    """Longest side of the training pictures in pixels, or the capture's if that is smaller."""
    views: int = 4
    """Cameras of each step: the network runs once for all of them."""
    coarse_share: float = 0.25
    """Share of the steps of each stage, the first ones, that is drawn at half the size."""
    surface: Literal["rig", "template"] = "template"
    """Where splats lie: on the rig's own surface, or on one that is fitted to the clothes."""
    template: Literal["smoke", "quick", "standard"] = "quick"
    """How carefully that surface is fitted (`incarnate.train.template`)."""
    preset: str = "custom"
    """Name that reports show."""
    seed: int = 0
    """Seeds the network, the order of the poses and the choice of cameras."""
    network_share: float = 0.35
    """Share of the steps, the first ones, in which the network and what poses share are learned
    without a memory; then they are held, and the memory is learned beside them. A pose far from all
    of its keys looks as the first stage left it. At zero all are learned together."""
    practice_others: float = 0.0
    """Share of steps at which a pose has to do without its own memory."""
    practice_nothing: float = 0.3
    """Share of steps at which it has to do without any, where all are learned together."""
    perceptual_every: int = 4
    """Steps between two that pay for the perceptual loss, where its weight is not zero."""
    perceptual_patch: int = 64
    """Side in pixels of the patch on which it is taken."""
    memory_bytes: int = 2_000_000_000
    """Decoded pictures are kept up to this size; more are decoded again when needed."""
    checkpoint_seconds: float = 45.0
    """Seconds between checkpoints; a killed run goes on from the last one."""
    model: BodyModel = field(default_factory=BodyModel)
    rates: BodyRates = field(default_factory=BodyRates)
    losses: BodyLosses = field(default_factory=BodyLosses)


SMOKE_BODY: Final = BodyRecipe(
    preset="smoke",
    steps=60,
    size=128,
    surface="rig",
    model=BodyModel(map_size=128, network=NETWORK_SIZES["smoke"], key_poses=32),
)
"""Under a minute on two cores: shows that everything runs."""

QUICK_BODY: Final = BodyRecipe(
    preset="quick",
    steps=3_500,
    size=512,
    model=BodyModel(network=NETWORK_SIZES["quick"]),
)
"""About ten minutes on two cores."""

DEMO_BODY: Final = replace(QUICK_BODY, preset="demo", steps=4_000, size=384)
"""For the made person of ``incarnate demo --body``: a quarter of an hour of processor time."""

STANDARD_BODY: Final = replace(
    QUICK_BODY,
    preset="standard",
    template="standard",
    steps=6_000,
    model=BodyModel(map_size=384, network=NETWORK_SIZES["quick"], memory_size=48),
)
"""Some forty minutes of processor time."""

PAPER_BODY: Final = replace(
    STANDARD_BODY,
    preset="paper",
    steps=300_000,
    size=2048,
    model=BodyModel(map_size=1024, network=NETWORK_SIZES["paper"], memory_size=64),
)
"""The paper's size, for a large GPU."""

BODY_PRESETS: Final[tuple[BodyRecipe, ...]] = (
    SMOKE_BODY,
    DEMO_BODY,
    QUICK_BODY,
    STANDARD_BODY,
    PAPER_BODY,
)


def body_recipe_of(preset: BodyPreset) -> BodyRecipe:
    """The recipe of a preset's name."""
    return next(recipe for recipe in BODY_PRESETS if recipe.preset == preset)
