"""Skinning weights of a body's splats: the surface's, changed as far as pictures say so."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

# A joint without weight could never gain any in a softmax of logarithms.
_FLOOR = 1e-3


@final
class LearnedSkinning(nn.Module):
    """Weights whose logits are learned, among the joints that move each splat most.

    ``w(δ) = w + m (softmax(log(w + ε) + δ) − softmax(log(w + ε)))``, where m is the sum of w over
    those joints: they sum to one, are the surface's before training, and no less than −ε.
    """

    changes: nn.Parameter
    """δ (splats × influences), zero before training; from the joint of the largest weight down."""
    joints: Tensor
    weights: Tensor
    mass: Tensor
    logits: Tensor
    shares: Tensor

    def __init__(self, weights: Float[Tensor, "splats joints"], influences: int) -> None:
        """The surface's own weights.

        Args:
            weights: Of the surface; positive, one in sum.
            influences: How many joints of each splat may change their weight.
        """
        super().__init__()
        # A stable order: that of equal weights has to be the same when the avatar is read.
        largest, joints = weights.sort(dim=1, descending=True, stable=True)
        largest, joints = largest[:, :influences], joints[:, :influences].contiguous()
        logits = torch.log(largest + _FLOOR)
        constants = {
            "joints": joints,
            "weights": weights,
            "mass": largest.sum(1, keepdim=True),
            "logits": logits,
            "shares": torch.softmax(logits, -1),
        }
        for name, value in constants.items():
            # All follow from the surface, which is kept with the avatar.
            self.register_buffer(name, value, persistent=False)
        self.changes = nn.Parameter(torch.zeros_like(logits))
        self._last: tuple[Tensor, Tensor] | None = None

    def forward(self) -> Float[Tensor, "splats joints"]:
        """The weights as they are now; worked out once for all pictures between two changes."""
        if self.changes.requires_grad and torch.is_grad_enabled():
            return self._weights()
        if self._last is None or not torch.equal(self._last[0], self.changes):
            self._last = (self.changes.detach().clone(), self._weights().detach())
        return self._last[1]

    def _weights(self) -> Float[Tensor, "splats joints"]:
        moved = torch.softmax(self.logits + self.changes, -1) - self.shares
        return self.weights.scatter_add(1, self.joints, self.mass * moved)
