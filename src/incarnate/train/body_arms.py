"""The arms of a body's ablation: what each does otherwise, and what that is to show."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from incarnate.avatars.map_network import NetworkModel
from incarnate.avatars.networks import NETWORK_SIZES
from incarnate.capture.capture import Capture
from incarnate.errors import ModelFileError
from incarnate.evaluate.body_scores import Projection
from incarnate.evaluate.lpips_weights import weights_path
from incarnate.train.body_recipes import BodyRecipe

PERCEPTUAL: Final = 0.1
"""Weight of the perceptual loss in Li et al., "Animatable Gaussians", CVPR 2024."""

Kind = Literal["bases", "styleunet", "unet", "mlp"]


@dataclass(frozen=True)
class BodyArm:
    """A training, or a way to drive one, that differs from another in one part."""

    name: str
    claim: str
    """What the comparison is to show; empty for an arm that others are compared with."""
    difference: str
    """What the arm does otherwise, in a few words."""
    change: Callable[[BodyRecipe], BodyRecipe] = lambda recipe: recipe
    """Makes its recipe from that of the whole method."""
    against: str = "whole"
    """The arm that it is compared with."""
    cameras: int | None = None
    """How many of the training cameras it reads; None is all."""
    projection: Projection = "off"
    """Whether its network is shown projected poses when it is measured."""


def _with_network(kind: Kind | None, *, memory: bool = True) -> Callable[[BodyRecipe], BodyRecipe]:
    def change(recipe: BodyRecipe) -> BodyRecipe:
        model = replace(recipe.model, network=_network_like(recipe.model.network, kind))
        return replace(recipe, model=model if memory else replace(model, key_poses=0))

    return change


def _network_like(network: NetworkModel | None, kind: Kind | None) -> NetworkModel | None:
    """A network of another kind, of the same size where both kinds paint full maps."""
    if kind is None:
        return None
    if network is not None and network.kind == kind:
        return network
    if kind == "bases":
        return NETWORK_SIZES["bases"]
    if network is None or network.kind == "bases":
        network = NETWORK_SIZES["quick"]
    return replace(network, kind=kind)


def _with_perceptual_loss(recipe: BodyRecipe) -> BodyRecipe:
    return replace(recipe, losses=replace(recipe.losses, perceptual=PERCEPTUAL))


def _without_memory(recipe: BodyRecipe) -> BodyRecipe:
    return replace(recipe, model=replace(recipe.model, key_poses=0))


def _static(recipe: BodyRecipe) -> BodyRecipe:
    return replace(recipe, model=replace(recipe.model, dependence="static"))


BODY_WHOLE: Final = BodyArm("whole", "", "the whole method")
"""What most arms are compared with."""

_ALONE = "StyleUNet against other networks, without a memory"
_BESIDE = "What paints beside the memory"

BODY_ARMS: Final = (
    BodyArm(
        "another-seed",
        "What chance makes: no smaller difference says anything",
        "another start, another order of poses and cameras",
        lambda recipe: replace(recipe, seed=recipe.seed + 1),
    ),
    BodyArm(
        "static",
        "Pose-dependent beats static",
        "splats are only skinned",
        _static,
    ),
    BodyArm(
        "rig-surface",
        "A template beats the bare body on loose clothes",
        "splats start on the rig's own surface",
        lambda recipe: replace(recipe, surface="rig"),
    ),
    BodyArm(
        "static-rig-surface",
        "A template beats the bare body on loose clothes",
        "splats start on the rig's own surface and are only skinned",
        lambda recipe: replace(_static(recipe), surface="rig"),
        against="static",
    ),
    BodyArm(
        "fixed-skinning",
        "Learned skinning weights beat the surface's",
        "skinning weights stay the surface's",
        lambda recipe: replace(recipe, model=replace(recipe.model, influences=0)),
    ),
    BodyArm(
        "no-history",
        "Cloth depends on how a pose was reached",
        "networks and memory see the pose alone, not its motion",
        lambda recipe: replace(recipe, model=replace(recipe.model, history=())),
    ),
    BodyArm("no-memory", "A memory of poses helps", "the network alone paints", _without_memory),
    BodyArm(
        "one-stage",
        "A network that learns before the memory helps far from training poses",
        "network, memory and what poses share are learned together",
        lambda recipe: replace(recipe, network_share=0.0),
    ),
    BodyArm(
        "no-details",
        "Details of the memory sharpen",
        "the memory keeps coarse maps alone",
        lambda recipe: replace(recipe, model=replace(recipe.model, memory_details="none")),
    ),
    BodyArm(
        "no-network",
        "A network beside the memory helps",
        "the memory alone paints",
        _with_network(None),
    ),
    BodyArm("bases", _BESIDE, "bases of the pose and the memory", _with_network("bases")),
    BodyArm("styleunet", _BESIDE, "a StyleUNet and the memory", _with_network("styleunet")),
    BodyArm("unet", _BESIDE, "a U-Net and the memory", _with_network("unet")),
    BodyArm("mlp", _BESIDE, "an MLP and the memory", _with_network("mlp")),
    BodyArm(
        "styleunet-alone",
        "",
        "a StyleUNet, no memory",
        _with_network("styleunet", memory=False),
    ),
    BodyArm(
        "unet-alone",
        _ALONE,
        "a U-Net, no memory",
        _with_network("unet", memory=False),
        against="styleunet-alone",
    ),
    BodyArm(
        "mlp-alone",
        _ALONE,
        "an MLP, no memory",
        _with_network("mlp", memory=False),
        against="styleunet-alone",
    ),
    BodyArm(
        "bases-alone",
        _ALONE,
        "bases of the pose, no memory",
        _with_network("bases", memory=False),
        against="styleunet-alone",
    ),
    BodyArm(
        "projection",
        "Projected poses help where training saw none",
        "the network sees poses projected on those of training",
        projection="on",
    ),
    BodyArm(
        "projection-alone",
        "Projected poses help a network without a memory",
        "the network sees poses projected on those of training; no memory",
        _without_memory,
        against="no-memory",
        projection="on",
    ),
    BodyArm(
        "three-cameras",
        "Few cameras suffice",
        "three of the training cameras, measured on the same pictures",
        cameras=3,
    ),
    BodyArm(
        "perceptual",
        "A perceptual loss sharpens",
        f"LPIPS (VGG16) on a patch of every few steps, weight {PERCEPTUAL:g}",
        _with_perceptual_loss,
    ),
)
"""The arms, in the order of the table."""


def body_arm(name: str) -> BodyArm:
    """The arm of a name, or the whole method."""
    return next(arm for arm in (BODY_WHOLE, *BODY_ARMS) if arm.name == name)


def trainer_of(arm: BodyArm, recipe: BodyRecipe) -> BodyArm:
    """The first arm whose training is the same: it is trained once for all of them."""
    wanted = arm.change(recipe), arm.cameras
    arms = (BODY_WHOLE, *BODY_ARMS)
    return next(other for other in arms if (other.change(recipe), other.cameras) == wanted)


def why_skipped(arm: BodyArm, recipe: BodyRecipe, capture: Capture) -> str:
    """Why an arm can't be told from what it is compared with; empty where it can."""
    model = arm.change(recipe).model
    if arm.projection == "on" and (model.network is None or model.dependence == "static"):
        return "no network sees poses"
    if arm.change(recipe).losses.perceptual > 0 and not _has_perceptual_weights():
        return "the weights of LPIPS are not installed"
    num_cameras = len(capture.train_cameras)
    if arm.cameras is not None and num_cameras <= arm.cameras:
        return f"the capture has no more than {num_cameras} training cameras"
    other = body_arm(arm.against)
    is_same = trainer_of(arm, recipe).name == trainer_of(other, recipe).name
    if arm.claim and is_same and arm.projection == other.projection:
        return f"`{other.name}` is trained so already"
    return ""


def _has_perceptual_weights() -> bool:
    try:
        weights_path("vgg")
    except ModelFileError:
        return False
    return True


def with_cameras(capture: Capture, count: int | None) -> Capture:
    """The capture with some of its training cameras, spread evenly over their order.

    Args:
        capture: Whole.
        count: How many training reads; None is all.
    """
    if count is None:
        return capture
    cameras = capture.train_cameras
    kept = {cameras[int((i + 0.5) * len(cameras) / count)] for i in range(count)}
    others = tuple(i for i in range(len(capture.cameras)) if i not in kept)
    return replace(capture, test_cameras=others)
