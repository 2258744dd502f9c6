"""A body's network and memory distilled: a pose's signature → coefficients → what is painted.

The network's part is learned (`incarnate.avatars.distilled`). The memory's part is exact but for
the cut of the components: its fields are blended as before, as coefficients instead of maps.
"""

from typing import Final, final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from incarnate.avatars.distilled import DistilledDecoder, DistilledModel
from incarnate.avatars.map_reading import MapReading
from incarnate.avatars.pose_changes import POSE_CHANNELS

NUM_INPUTS: Final = 24
"""Principal components of the signatures that the network's part is read from. Twice as many
follow poses more closely, and err seven times as much between them."""


@final
class DistilledPainter(nn.Module):
    """Paints all splats of a body, by one product of a vector with a matrix."""

    center: Tensor
    directions: Tensor
    nearest: Tensor
    farthest: Tensor
    key_coefficients: Tensor

    def __init__(
        self,
        model: DistilledModel,
        mask: Bool[Tensor, "2 side side"],
        *,
        size: int,
        num_keys: int,
        signature: int,
    ) -> None:
        """A painter that paints nothing yet.

        Args:
            model: Size of the decoder.
            mask: Which pixels of the position maps are splats.
            size: Pixels along a side of the maps that it paints.
            num_keys: Of the body's memory.
            signature: Length of a pose's signature.
        """
        super().__init__()
        self.size = size
        self.reading, self.pixels = MapReading.of(mask, size).by_rows.compact()
        self.decoder = DistilledDecoder(
            model, num_inputs=NUM_INPUTS, num_splats=len(self.pixels), num_channels=POSE_CHANNELS
        )
        self.register_buffer("center", torch.zeros(signature))
        self.register_buffer("directions", torch.zeros(NUM_INPUTS, signature))
        self.register_buffer("nearest", torch.zeros(NUM_INPUTS))
        self.register_buffer("farthest", torch.zeros(NUM_INPUTS))
        self.register_buffer("key_coefficients", torch.zeros(num_keys, model.num_components))

    @torch.no_grad()
    def learn_signatures(self, signatures: Float[Tensor, "poses signature"]) -> None:
        """Find the principal components of the training poses' signatures, and their range."""
        self.center.copy_(signatures.mean(0))
        directions = torch.linalg.svd(signatures - self.center, full_matrices=False).Vh[:NUM_INPUTS]
        self.directions.zero_()
        self.directions[: len(directions)] = directions
        inputs = (signatures - self.center) @ self.directions.T
        self.nearest.copy_(inputs.amin(0))
        self.farthest.copy_(inputs.amax(0))

    def inputs(
        self, signatures: Float[Tensor, "*batch signature"]
    ) -> Float[Tensor, "*batch inputs"]:
        """What the decoder reads of poses; none lies outside the range of the training poses."""
        inputs = (signatures - self.center) @ self.directions.T
        return torch.maximum(torch.minimum(inputs, self.farthest), self.nearest)

    def rows(
        self, maps: Float[Tensor, "2 channels height width"]
    ) -> Float[Tensor, "used channels"]:
        """The pixels of a pair of maps of any size that splats are read from, in its own size."""
        if maps.shape[-1] != self.size:
            is_larger = maps.shape[-1] > self.size
            maps = nn.functional.interpolate(
                maps, (self.size, self.size), mode="bilinear", antialias=is_larger
            )
        return maps.permute(0, 2, 3, 1).flatten(0, 2)[self.pixels]

    @torch.no_grad()
    def forward(
        self, signature: Float[Tensor, "signature"], shares: Float[Tensor, "keys"]
    ) -> Float[Tensor, "splats channels"]:
        """What network and memory would paint.

        Args:
            signature: Of a pose (`incarnate.avatars.pose_signature`).
            shares: What it takes of each memory (`PoseMemory.shares`).
        """
        coefficients = self.decoder.limited(self.inputs(signature))
        rows = self.decoder.compose(coefficients + shares @ self.key_coefficients)
        return self.reading.read(rows)
