"""Recipes: everything that decides how an avatar is trained; presets are plain values."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from incarnate.avatars.head import HeadModel
from incarnate.train.expression import ExpressionRecipe

Preset = Literal["smoke", "demo", "quick", "standard"]


@dataclass(frozen=True)
class LearningRates:
    """Adam step sizes at the start of training; all fall along one cosine to `final`."""

    means: float = 2.5e-4
    """Metres a step."""
    quaternions: float = 2e-3
    log_scales: float = 1e-2
    opacity_logits: float = 4e-2
    albedo_logits: float = 3e-2
    roughness_logits: float = 1e-2
    reflectance_logits: float = 1e-2
    occlusion_logits: float = 1e-2
    occlusion_basis: float = 4e-3
    corrective_basis: float = 3e-5
    """Metres per standard deviation of a code, a step."""
    skinning_logits: float = 5e-3
    light_logits: float = 2e-2
    residual: float = 1e-2
    splat_residual: float = 5e-2
    final: float = 0.05
    """Share of the start value that is left at the last step."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the training loss (docs/head.md) and of what restrains it (docs/head.md)."""

    l1: float = 0.8
    ssim: float = 0.2
    alpha: float = 0.1
    """Mean absolute difference of coverage and matte."""
    drift: float = 8e-3
    """Squared distance of a splat from its start in rest space, in units of 5 mm."""
    normal: float = 1e-1
    """Squared sine of half the angle between a splat's rotation and its start."""
    flatness: float = 1e-2
    """Penalty on splats that lose their thin axis, or outgrow 12 mm."""
    correctives: float = 5e-2
    """Squared learned corrective displacement, in units of 1 mm per standard deviation."""
    light: float = 2e-2
    """Squared log-ratio of the learned light to the start's: between neighbouring texels, and its
    mean."""
    albedo: float = 5e-2
    """Robust squared log-ratio of the mean albedos of all pairs of nodes."""
    detail: float = 2e-3
    """The same between each splat and the nodes around it."""
    residual: float = 1e-2
    """Squared log-ratio of light that the learned light leaves unexplained."""
    splat_residual: float = 1e-3
    """The same of what is unexplained at single splats."""
    occlusion: float = 1e-2
    """Squared departure of the learned occlusion's logits from their start, over the poses."""
    pseudo_albedo: float = 0.25
    """Mean absolute difference to the guessed albedo of frames that have one, encoded; the
    weight is the paper's."""
    depth_normal: float = 1e-2
    """One minus the cosine between splatted normals and those of the splatted depth; the weight is
    the paper's."""
    materials: float = 2e-3
    """Pull of roughness and F0 to their start, where the light says nothing about them."""


@dataclass(frozen=True)
class Densification:
    """When splats that the picture pulls at are split, and those that fade are dropped."""

    begin: float = 0.1
    """First event, as a share of all steps."""
    end: float = 0.6
    """No event after this share of all steps."""
    events: int = 8
    """How many events in between."""
    min_opacity: float = 0.02
    """Splats below this opacity are dropped."""


@dataclass(frozen=True)
class HeadRecipe:
    """How a head avatar is trained."""

    steps: int
    """Optimisation steps; one frame a step."""
    size: int
    """Longest side of the training pictures in pixels, or the capture's if that is smaller."""
    coarse_steps: int
    """First steps, drawn at half the size: three times cheaper and smoother to descend."""
    surface_splats: int
    """Splats that start on the rig's surface."""
    silhouette_splats: int
    """Splats that start where mattes reach beyond the rig: hair, clothes."""
    max_splats: int
    """Splitting stops here."""
    preset: str = "custom"
    """Name that reports show."""
    seed: int = 0
    """Seeds the start and the order of the frames."""
    max_frames: int = 600
    """Training frames used at most, spread evenly: they are held decoded in memory."""
    albedo_until: float = 0.7
    """Share of all steps after which albedo stays as it is, and each splat's own residual is
    learned; from the start, residuals would take the place of pigments (docs/head.md)."""
    checkpoint_seconds: float = 45.0
    """Seconds between checkpoints; a killed run goes on from the last one."""
    model: HeadModel = field(default_factory=HeadModel)
    rates: LearningRates = field(default_factory=LearningRates)
    losses: LossWeights = field(default_factory=LossWeights)
    densification: Densification = field(default_factory=Densification)
    expression: ExpressionRecipe = field(default_factory=ExpressionRecipe)


SMOKE: Final = HeadRecipe(
    preset="smoke",
    steps=120,
    size=128,
    coarse_steps=30,
    surface_splats=5_000,
    silhouette_splats=1_000,
    max_splats=6_000,
)
"""Under a minute on two cores: shows that everything runs."""

DEMO: Final = HeadRecipe(
    preset="demo",
    steps=1_200,
    size=256,
    coarse_steps=300,
    surface_splats=9_000,
    silhouette_splats=3_000,
    max_splats=16_000,
)
"""For the made person of ``incarnate demo``: a few minutes on two cores."""

QUICK: Final = HeadRecipe(
    preset="quick",
    steps=4_500,
    size=512,
    coarse_steps=1_200,
    surface_splats=16_000,
    silhouette_splats=8_000,
    max_splats=36_000,
)
"""About ten minutes on two cores."""

STANDARD: Final = replace(
    QUICK, preset="standard", steps=10_000, coarse_steps=2_000, max_splats=50_000
)
"""Some forty minutes of processor time."""

PRESETS: Final[tuple[HeadRecipe, ...]] = (SMOKE, DEMO, QUICK, STANDARD)


def recipe_of(preset: Preset) -> HeadRecipe:
    """The recipe of a preset's name."""
    return next(recipe for recipe in PRESETS if recipe.preset == preset)
