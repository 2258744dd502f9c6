"""A body network distilled for a CPU or a browser: pose vector → coefficients → attributes.

The attributes of all splats over many poses lie near a space of a few dozen dimensions. Principal
components span it; a small network finds the place in it, and one product of a vector with a
matrix does the rest. It only copies the network it was fitted to: poses can be as many as wanted.
"""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.pose_condition import without_fingers
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_features

_CHUNK = 16384
# Inputs that vary less than this over the poses are constants.
_STILL = 1e-4


@dataclass(frozen=True)
class DistilledModel:
    """Size of the distilled decoder, and how it is fitted."""

    num_components: int = 32
    """Principal components of the attributes."""
    hidden: int = 128
    """Width of the two hidden layers."""
    steps: int = 800
    """Of the optimizer; each sees all poses."""
    learning_rate: float = 3e-3
    """Falls to zero over the steps."""
    ridge: float = 1e-2
    """Of the linear part, on inputs of unit variance, a pose."""


@dataclass(frozen=True)
class KnownPart:
    """A part of the attributes that need not be learned: a blend of fields by known shares."""

    shares: Float[Tensor, "poses fields"]
    fields: Float[Tensor, "fields splats channels"]


@dataclass(frozen=True)
class Distillation:
    """A fitted decoder, and what it loses."""

    decoder: "DistilledDecoder"
    field_coefficients: Float[Tensor, "fields components"]
    """Where the fields of the known part lie among the components; none if nothing was known."""
    variance_kept: float
    """Share of the attributes' variance within the components, each channel counted alike."""
    variance_explained: float
    """Share that the decoder gets right over the poses of the fit; at most `variance_kept`."""


@final
class DistilledDecoder(nn.Module):
    """Linear part plus a small network to coefficients; their product with a basis; a mean."""

    input_mean: Tensor
    input_scale: Tensor
    low: Tensor
    high: Tensor
    mean: Tensor
    basis: Tensor
    weight: Tensor

    def __init__(
        self, model: DistilledModel, *, num_inputs: int, num_splats: int, num_channels: int
    ) -> None:
        super().__init__()
        self.model = model
        count, width = model.num_components, model.hidden
        self.linear = nn.Linear(num_inputs, count)
        self.first = nn.Linear(num_inputs, width)
        self.second = nn.Linear(width, width)
        self.last = nn.Linear(width, count)
        nn.init.zeros_(self.last.weight)
        self.register_buffer("input_mean", torch.zeros(num_inputs))
        self.register_buffer("input_scale", torch.ones(num_inputs))
        self.register_buffer("low", torch.zeros(count))
        self.register_buffer("high", torch.zeros(count))
        self.register_buffer("mean", torch.zeros(num_splats, num_channels))
        self.register_buffer("basis", torch.zeros(count, num_splats, num_channels))
        self.register_buffer("weight", torch.ones(num_channels))

    def coefficients(
        self, vectors: Float[Tensor, "*batch inputs"]
    ) -> Float[Tensor, "*batch components"]:
        """Where poses lie among the components, as it is, not limited."""
        inputs = (vectors - self.input_mean) * self.input_scale
        hidden = nn.functional.silu(self.first(inputs))
        hidden = nn.functional.silu(self.second(hidden))
        return self.linear(inputs) + self.last(hidden)

    def limited(
        self, vectors: Float[Tensor, "*batch inputs"]
    ) -> Float[Tensor, "*batch components"]:
        """The coefficients, within the range of the poses of the fit."""
        return torch.maximum(torch.minimum(self.coefficients(vectors), self.high), self.low)

    def compose(
        self, coefficients: Float[Tensor, "components"]
    ) -> Float[Tensor, "splats channels"]:
        """Attributes at a place among the components."""
        return self.mean + (coefficients @ self.basis.flatten(1)).view_as(self.mean)

    def project(
        self, changes: Float[Tensor, "*batch splats channels"]
    ) -> Float[Tensor, "*batch components"]:
        """Coefficients of what is added to attributes, by least squares."""
        return torch.einsum("...sc,ksc->...k", changes, self.basis * self.weight.square())

    @torch.no_grad()
    def decode(self, vector: Float[Tensor, "inputs"]) -> Float[Tensor, "splats channels"]:
        """Attributes of all splats; coefficients stay within the range of the poses of the fit."""
        return self.compose(self.limited(vector))


def pose_vectors(rig: Rig, poses: Pose) -> Float[Tensor, "*batch inputs"]:
    """What a distilled decoder reads of poses: vec(R − I) of the joints that move clothes, gravity.

    The turns of fingers and face are zero, so that a fit leaves them out. Gravity is its direction
    in the root's frame.
    """
    turned = matrix_from_axis_angle(poses.root_rotation)
    down = turned.mT @ turned.new_tensor([0.0, -1.0, 0.0])
    return torch.cat([pose_features(without_fingers(rig, poses)), down], -1)


def distill(
    vectors: Float[Tensor, "poses inputs"],
    attributes: Float[Tensor, "poses splats channels"],
    model: DistilledModel,
    *,
    known: KnownPart | None = None,
    seed: int = 0,
) -> Distillation:
    """Fit a decoder to what a network answers in many poses.

    Components hold all of the attributes, the known part included; only the rest is learned.

    Args:
        vectors: Pose vectors.
        attributes: The network's outputs; half precision will do.
        model: Sizes.
        known: What of the attributes is known beforehand.
        seed: Of the small network's first weights.
    """
    poses, splats, channels = attributes.shape
    assert len(vectors) == poses, f"{len(vectors)} pose vectors for {poses} poses"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        decoder = DistilledDecoder(
            model, num_inputs=vectors.shape[1], num_splats=splats, num_channels=channels
        )
    with torch.no_grad():
        deviation = vectors.std(0, correction=0)
        scale = torch.where(deviation > _STILL, 1 / deviation.clamp(min=_STILL), 0.0)
        decoder.input_mean.copy_(vectors.mean(0))
        decoder.input_scale.copy_(scale)
        coefficients, total = _fit_basis(decoder, attributes)
        fields, targets = coefficients[:0], coefficients
        if known is not None:
            fields = torch.stack([decoder.project(field.float()) for field in known.fields])
            targets = coefficients - known.shares @ fields
        decoder.low.copy_(targets.amin(0))
        decoder.high.copy_(targets.amax(0))
        _fit_linear(decoder, vectors, targets)
    _fit_network(decoder, vectors, targets)
    with torch.no_grad():
        missed = (decoder.coefficients(vectors) - targets).double().square().sum()
    # Coefficients are orthonormal coordinates: squares over them are squares over attributes.
    within = float(coefficients.double().square().sum())
    total = max(total, 1e-12)
    return Distillation(decoder, fields, within / total, (within - float(missed)) / total)


def _fit_basis(
    decoder: DistilledDecoder, attributes: Float[Tensor, "poses splats channels"]
) -> tuple[Float[Tensor, "poses components"], float]:
    """Set mean and basis; returns the coefficients of the poses, and the total variance.

    Channels count alike: each is divided by its deviation over poses and splats.
    """
    poses, _, channels = attributes.shape
    blocks = attributes.split(max(_CHUNK // channels, 1), 1)
    decoder.mean.copy_(torch.cat([block.float().mean(0) for block in blocks]))
    means = decoder.mean.split(blocks[0].shape[1])
    spread = [(b.float() - m).square().sum((0, 1)) for b, m in zip(blocks, means, strict=True)]
    deviation = (torch.stack(spread).sum(0) / attributes[..., 0].numel()).sqrt()
    weight = torch.where(deviation > 1e-8, 1 / deviation.clamp(min=1e-8), 0.0)
    decoder.weight.copy_(weight)
    # In parts: all poses at once, in double precision, are gigabytes.
    gram = torch.zeros(poses, poses, dtype=torch.float64)
    for block, mean in zip(blocks, means, strict=True):
        centered = ((block.float() - mean) * weight).flatten(1).double()
        gram += centered @ centered.T
    values, vectors = torch.linalg.eigh(gram)
    count = min(decoder.model.num_components, poses)
    values, vectors = values.flip(0)[:count].clamp(min=0), vectors.flip(1)[:, :count]
    root = values.sqrt()
    inverse = torch.where(root > 1e-6 * root[0].clamp(min=1e-12), 1 / root, 0.0)
    rows = (vectors * inverse).T.float()
    unweight = torch.where(weight > 0, deviation, 0.0)
    parts = [
        torch.einsum("cp,psk->csk", rows, (block.float() - mean) * weight) * unweight
        for block, mean in zip(blocks, means, strict=True)
    ]
    decoder.basis[:count] = torch.cat(parts, 1)
    coefficients = torch.zeros(poses, decoder.model.num_components)
    coefficients[:, :count] = (vectors * torch.where(inverse > 0, root, 0.0)).float()
    return coefficients, float(gram.trace())


def _fit_linear(
    decoder: DistilledDecoder,
    vectors: Float[Tensor, "poses inputs"],
    targets: Float[Tensor, "poses components"],
) -> None:
    """Ridge regression, in closed form; inputs have no mean."""
    inputs = ((vectors - decoder.input_mean) * decoder.input_scale).double()
    normal = inputs.T @ inputs
    normal.diagonal().add_(decoder.model.ridge * len(inputs))
    mean = targets.mean(0)
    weight = torch.linalg.solve(normal, inputs.T @ (targets - mean).double())
    decoder.linear.weight.copy_(weight.T)
    decoder.linear.bias.copy_(mean)
    decoder.last.bias.zero_()


def _fit_network(
    decoder: DistilledDecoder,
    vectors: Float[Tensor, "poses inputs"],
    targets: Float[Tensor, "poses components"],
) -> None:
    """What the linear part leaves, by Adam; errors count as they do in the attributes."""
    scale = targets.square().mean().sqrt().clamp(min=1e-12)
    # The last layer works in the scale of the targets: steps of Adam have a size of their own.
    learned = [*decoder.first.parameters(), *decoder.second.parameters(),
               *decoder.last.parameters()]  # fmt: skip
    optimizer = torch.optim.Adam(
        [{"params": learned[:4], "lr": decoder.model.learning_rate},
         {"params": learned[4:], "lr": decoder.model.learning_rate * float(scale)}]
    )  # fmt: skip
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(decoder.model.steps, 1))
    for _ in range(decoder.model.steps):
        optimizer.zero_grad()
        missed = (decoder.coefficients(vectors) - targets) / scale
        missed.square().mean().backward()
        optimizer.step()
        schedule.step()
