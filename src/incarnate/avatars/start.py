"""What a head avatar starts from: its splats, and what each has around it."""

from dataclasses import dataclass

from jaxtyping import Float, Int, UInt8
from torch import Tensor

from incarnate.avatars.nodes import read_nodes, spread_nodes
from incarnate.avatars.transfer import wholly_open


@dataclass(frozen=True)
class HeadStart:
    """Values from which the per-splat parameters of a head start (rest space, metres)."""

    means: Float[Tensor, "splats 3"]
    quaternions: Float[Tensor, "splats 4"]
    """Their z axis is the splat's thin axis and its normal."""
    log_scales: Float[Tensor, "splats 3"]
    opacity_logits: Float[Tensor, "splats"]
    albedo_logits: Float[Tensor, "splats 3"]
    roughness_logits: Float[Tensor, "splats"]
    rig_basis: Float[Tensor, "splats 3 expressions"]
    """The rig's expression basis at each splat, metres per unit."""
    skinning_logits: Float[Tensor, "splats joints"]
    """Softmax gives the skinning weights."""


@dataclass(frozen=True)
class Surroundings:
    """What each starting splat has around it; fixed, and inherited when a splat is split."""

    visibility: UInt8[Tensor, "splats directions"]
    """From which directions of `transfer.fan_directions` each is seen; 255 is wholly open."""
    nodes: Int[Tensor, "splats reads"]
    """Nodes that each splat reads (`NodeReads`)."""
    node_weights: Float[Tensor, "splats reads"]


def surroundings_of(
    start: HeadStart, num_nodes: int, visibility: UInt8[Tensor, "splats directions"] | None = None
) -> Surroundings:
    """Nodes spread over some splats, and what hides them: nothing, if that is left out."""
    if visibility is None:
        visibility = wholly_open(len(start.means))
    reads = read_nodes(start.means, spread_nodes(start.means, num_nodes))
    return Surroundings(visibility, reads.nodes, reads.weights)
