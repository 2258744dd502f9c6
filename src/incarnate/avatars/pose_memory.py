"""What training poses looked like, recalled by how near a pose is to each of them.

Scattered-data interpolation over poses (Lewis, Cordner and Fong, "Pose space deformation", SIGGRAPH
2000), with maps of splat attributes that are learned in place of sculpted shapes. A network of some
minutes learns what all poses share; the wrinkles of each one fit into a small map of its own, which
every picture of that pose can improve at once.
"""

from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from incarnate.geometry.points import spread_indices

Recall = Literal["all", "others", "nothing"]
"""Which memories a pose may use: ``others`` leaves out the nearest, ``nothing`` all of them; both
are how training practises for poses that it will not see."""

# A pose that is so many widths away from a key counts for half beside the memory of nothing.
_RANGE = 3.0
# How soon half a recall becomes a whole one or none: the power of the odds. Splats that memories
# move along a limb go straight on their way, through its inside: a body that recalls a third of
# them has thinner limbs, with holes, than one that recalls all or none.
_DECISION = 6.0


@final
class PoseMemory(nn.Module):
    """Maps of splat attributes for key poses, blended by the distance of a pose to each key.

    What is fine and common to all of them is kept once, per splat, and recalled as far as any is.
    """

    fields: nn.Parameter
    details: nn.Parameter | None
    """Splats × channels; None where they are not kept."""
    keys: Tensor
    width: Tensor

    def __init__(
        self,
        keys: Float[Tensor, "keys signature"],
        *,
        channels: int,
        size: int,
        width: float,
        num_splats: int = 0,
    ) -> None:
        """An empty memory.

        Args:
            keys: Signatures of the key poses; their Euclidean distance is in metres.
            channels: Channels of the maps, front and back each.
            size: Pixels along a side of the maps.
            width: Standard deviation of the kernel, metres.
            num_splats: How many splats have details; zero keeps none.
        """
        super().__init__()
        self.register_buffer("keys", keys.clone())
        self.register_buffer("width", torch.tensor(float(width)))
        self.fields = nn.Parameter(keys.new_zeros(len(keys), 2, channels, size, size))
        details = nn.Parameter(keys.new_zeros(num_splats, channels)) if num_splats else None
        self.register_parameter("details", details)

    def shares(
        self, signature: Float[Tensor, "signature"], recall: Recall = "all"
    ) -> Float[Tensor, "keys"]:
        """How much of each memory a pose takes: positive, in sum almost one or, far away, zero."""
        if recall == "nothing":
            return torch.zeros_like(self.keys[:, 0])
        distances = (self.keys - signature).norm(dim=-1) / self.width
        logits = -0.5 * distances.square()
        if recall == "others":
            nearest = torch.nn.functional.one_hot(distances.argmin(), len(distances)).bool()
            logits = logits.masked_fill(nearest, -torch.inf)
        nothing = logits.new_tensor([-0.5 * _RANGE**2])
        shares = torch.softmax(torch.cat([logits, nothing]), 0)
        recalled, forgotten = shares[:-1].sum(), shares[-1]
        decided = recalled**_DECISION + forgotten**_DECISION
        return shares[:-1] * (recalled ** (_DECISION - 1) / decided)

    def forward(
        self, signature: Float[Tensor, "signature"], recall: Recall = "all"
    ) -> Float[Tensor, "2 channels size size"]:
        """The blended maps of a pose."""
        shares = self.shares(signature, recall)
        # Only keys nearby matter: reading a handful of maps beats reading all.
        used = torch.nonzero(shares > 1e-4)[:, 0]
        return torch.einsum("k,kschw->schw", shares[used], self.fields[used])

    def detailed(
        self,
        painted: Float[Tensor, "splats channels"],
        signature: Float[Tensor, "signature"],
        recall: Recall = "all",
    ) -> Float[Tensor, "splats channels"]:
        """What is painted for a pose, with the details as far as it recalls anything."""
        if self.details is None or recall == "nothing":
            return painted
        return painted + self.shares(signature, recall).sum() * self.details


def choose_keys(signatures: Float[Tensor, "poses signature"], most: int) -> Int[Tensor, "keys"]:
    """Poses that stand for all: all of them if they are few, else some that spread.

    Args:
        signatures: Of the training poses.
        most: How many keys at most.
    """
    if len(signatures) <= most:
        return torch.arange(len(signatures))
    return spread_indices(signatures, most).sort().values


def kernel_width(keys: Float[Tensor, "keys signature"], factor: float) -> float:
    """A kernel's standard deviation, metres: ``factor`` times the median distance to the next key.

    A key that stands alone gets a width that keeps it apart from everything.
    """
    if len(keys) < 2:
        return factor * 0.02
    distances = torch.cdist(keys, keys)
    distances.fill_diagonal_(torch.inf)
    return max(factor * float(distances.amin(1).median()), 1e-4)
