"""Where expressions come from while an avatar is trained: tracking, free codes, or an encoder."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, final, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from incarnate.avatars.crops import crop_boxes, read_crop
from incarnate.avatars.encoder import ExpressionEncoder, code_reach, codes_of, with_codes
from incarnate.avatars.files import encoder_from_tensors
from incarnate.capture.capture import Capture, Track
from incarnate.rigs.rig import Pose, Rig
from incarnate.train.distill import CropBank, EncoderRecipe, Progress, distill, read_bank

# Surface distance in which the pull to tracked codes is measured, metres.
_UNIT = 5e-3


@dataclass(frozen=True)
class ExpressionRecipe:
    """Where expression, eyelids and jaw of a training frame come from."""

    source: Literal["tracked", "optimised", "encoder"] = "tracked"
    """``optimised`` frees the codes of each training frame, and knows only tracked codes for
    test frames; ``encoder`` reads codes from pictures, in training and at test time alike."""
    encoder: EncoderRecipe = field(default_factory=EncoderRecipe)
    rate: float = 3e-4
    """Adam's step size of the encoder's last stage, trained with the avatar."""
    free_rate: float = 4e-3
    """Adam's step size of free codes."""
    begin: float = 0.2
    """Share of all steps before codes follow the picture: an avatar that is not there yet has
    nothing to say about them."""
    jaw: float = 1e-2
    """Squared distance to the tracked jaw, in units of 5 mm at the chin."""
    pull: float = 3e-3
    """The same for each tracked expression coefficient, where it moves the surface most."""


@runtime_checkable
class PoseSource(Protocol):
    """Gives training its poses, and learns from their gradients."""

    @property
    def encoder(self) -> ExpressionEncoder | None:
        """The encoder that is trained, where the source is one."""
        ...

    def pose(self, index: int) -> Pose:
        """Pose of a frame of the capture, with a gradient to what is learned."""
        ...

    def motion(self) -> Pose:
        """Poses of all frames of the capture, as this source knows them; without a gradient."""
        ...

    def restraints(self, index: int, pose: Pose) -> dict[str, Tensor]:
        """Weighted loss terms that belong to a pose that `pose` gave."""
        ...

    def step(self, step: int) -> None:
        """Apply the gradients of a step, then forget them."""
        ...

    def state(self) -> dict[str, Tensor]:
        """All that a checkpoint needs."""
        ...


@final
class TrackedPoses:
    """Poses as tracking found them."""

    encoder = None

    def __init__(self, poses: Pose) -> None:
        self._poses = poses

    def pose(self, index: int) -> Pose:
        """The tracked pose."""
        return self._poses[index]

    def motion(self) -> Pose:
        """The tracked poses."""
        return self._poses

    def restraints(self, index: int, pose: Pose) -> dict[str, Tensor]:
        """None."""
        del index, pose
        return {}

    def step(self, step: int) -> None:
        """Nothing is learned."""

    def state(self) -> dict[str, Tensor]:
        """Nothing is kept."""
        return {}


@final
class FreeCodes:
    """Tracked codes, plus what each training frame learns for itself."""

    encoder = None

    def __init__(
        self, recipe: ExpressionRecipe, track: Track, steps: int, state: Mapping[str, Tensor]
    ) -> None:
        self._anchor = _Anchor(recipe, track.rig, track.poses, steps)
        self._tracked = codes_of(track.poses, track.rig)
        # Sparse, so that Adam's momentum does not move the codes of frames that are not looked at.
        self._changes = nn.Parameter(torch.zeros_like(self._tracked))
        self._adam = torch.optim.SparseAdam([self._changes], lr=recipe.free_rate)
        if state:
            self._changes.data.copy_(state["changes"])
            _restore(self._adam, {"changes": self._changes}, state)

    def pose(self, index: int) -> Pose:
        """The tracked pose with the frame's own codes."""
        row = torch.tensor([index])
        codes = self._tracked[index] + nn.functional.embedding(row, self._changes, sparse=True)[0]
        return self._anchor.pose(index, codes)

    def motion(self) -> Pose:
        """Training frames with their own codes, the others as tracked."""
        codes = self._tracked + self._changes.detach()
        return with_codes(self._anchor.poses, self._anchor.rig, codes)

    def restraints(self, index: int, pose: Pose) -> dict[str, Tensor]:
        """The pull to tracked codes."""
        return self._anchor.restraints(index, pose)

    def step(self, step: int) -> None:
        """Move the codes of the frame that was looked at."""
        self._anchor.advance(self._adam, self._anchor.recipe.free_rate, step)

    def state(self) -> dict[str, Tensor]:
        """Codes and Adam's memory."""
        memory = _memory(self._adam, {"changes": self._changes})
        return {"changes": self._changes.detach()} | memory


@final
class EncodedPoses:
    """Poses whose codes an encoder reads from the frames' crops.

    Its trunk stays as distillation left it, so each frame's features are computed once, also of
    frames that training does not use; the last stage and the head are trained with the avatar, at
    a millisecond or so a step.
    """

    def __init__(
        self,
        recipe: ExpressionRecipe,
        track: Track,
        steps: int,
        *,
        encoder: ExpressionEncoder,
        features: Float[Tensor, "frames channels height width"],
    ) -> None:
        self._encoder = encoder
        self._anchor = _Anchor(recipe, track.rig, track.poses, steps)
        self._features = features
        self._parameters = {
            name: parameter
            for name, parameter in encoder.named_parameters()
            if name.startswith(("head.", _last_stage(encoder)))
        }
        for parameter in self._parameters.values():
            parameter.requires_grad_(True)
        self._adam = torch.optim.Adam(self._parameters.values(), lr=recipe.rate)

    @property
    def encoder(self) -> ExpressionEncoder:
        """The encoder."""
        return self._encoder

    def pose(self, index: int) -> Pose:
        """The tracked pose with the codes that the encoder finds."""
        return self._anchor.pose(index, self._codes(index))

    @torch.no_grad()
    def motion(self) -> Pose:
        """What the encoder finds in every frame."""
        codes = torch.stack([self._codes(index) for index in range(len(self._features))])
        return with_codes(self._anchor.poses, self._anchor.rig, codes)

    def _codes(self, index: int) -> Float[Tensor, "codes"]:
        return self._encoder.codes(self._features[index : index + 1])[0]

    def restraints(self, index: int, pose: Pose) -> dict[str, Tensor]:
        """The pull to tracked codes."""
        return self._anchor.restraints(index, pose)

    def step(self, step: int) -> None:
        """Train the last stage and the head."""
        self._anchor.advance(self._adam, self._anchor.recipe.rate, step)

    def state(self) -> dict[str, Tensor]:
        """Weights and Adam's memory; the frames' features follow from the weights."""
        weights = {f"encoder/{k}": v.detach() for k, v in self._encoder.state_dict().items()}
        return weights | _memory(self._adam, self._parameters)

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put back Adam's memory that `state` gave."""
        _restore(self._adam, self._parameters, state)


def pose_source(
    recipe: ExpressionRecipe,
    capture: Capture,
    track: Track,
    *,
    steps: int,
    frames: list[int],
    seed: int,
    state: Mapping[str, Tensor],
    progress: Progress | None = None,
) -> PoseSource:
    """What a recipe asks for; an encoder is distilled first.

    Args:
        recipe: Where expressions come from.
        capture: The capture.
        track: Its track.
        steps: Optimisation steps of the whole training.
        frames: Indices of the frames that training uses.
        seed: Of the encoder's start.
        state: What `PoseSource.state` gave a checkpoint; empty at the start.
        progress: Called with work done, work in all, and what is going on.
    """
    if recipe.source == "tracked":
        return TrackedPoses(track.poses)
    if recipe.source == "optimised":
        return FreeCodes(recipe, track, steps, state)
    if state:
        prefix = "encoder/"
        weights = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        encoder = encoder_from_tensors(recipe.encoder.model, track.rig, weights)
        features = _trunk_features(encoder, capture, track)
        source = EncodedPoses(recipe, track, steps, encoder=encoder, features=features)
        source.restore(state)
        return source
    size = recipe.encoder.model.size
    bank = read_bank(capture, track, frames, size=size, progress=progress)
    encoder = distill(recipe.encoder, track, bank, seed=seed, progress=progress)
    features = _trunk_features(encoder, capture, track, bank)
    return EncodedPoses(recipe, track, steps, encoder=encoder, features=features)


@dataclass(frozen=True)
class _Anchor:
    """Tracked poses: what codes are put into, and pulled to."""

    recipe: ExpressionRecipe
    rig: Rig
    poses: Pose
    steps: int

    def pose(self, index: int, codes: Float[Tensor, "codes"]) -> Pose:
        return with_codes(self.poses[index], self.rig, codes)

    def restraints(self, index: int, pose: Pose) -> dict[str, Tensor]:
        apart = codes_of(pose, self.rig) - codes_of(self.poses[index], self.rig)
        squared = (apart * code_reach(self.rig) / _UNIT).square()
        count = self.rig.num_expressions
        return {
            "jaw": self.recipe.jaw * squared[count:].sum(),
            "expression": self.recipe.pull * squared[:count].sum(),
        }

    def advance(self, optimizer: torch.optim.Optimizer, rate: float, step: int) -> None:
        """A step at a rate that is nothing before `begin`, then falls along a cosine."""
        begin = self.recipe.begin * self.steps
        if step >= begin:
            progress = min((step - begin) / max(self.steps - 1 - begin, 1), 1.0)
            for group in optimizer.param_groups:
                group["lr"] = rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * progress)))
            optimizer.step()
        optimizer.zero_grad(set_to_none=True)


@torch.no_grad()
def _trunk_features(
    encoder: ExpressionEncoder, capture: Capture, track: Track, bank: CropBank | None = None
) -> Float[Tensor, "frames channels height width"]:
    """Of all frames, one crop at a time, as at test time; crops that no bank holds are read."""
    boxes = crop_boxes(capture, track)
    known = {} if bank is None else dict(zip(bank.indices, bank.crops, strict=True))
    features = []
    for index in range(capture.num_frames):
        crop = known.get(index)
        if crop is None:
            crop = torch.from_numpy(read_crop(capture, boxes, index, encoder.model.size))
        features.append(encoder.trunk(crop[None].float() / 255))
    return torch.cat(features)


def _last_stage(encoder: ExpressionEncoder) -> str:
    return f"backbone.blocks.{len(encoder.backbone.blocks) - 1}."


def _memory(
    adam: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter]
) -> dict[str, Tensor]:
    """Adam's memory by parameter; its count of steps is a number in some optimizers."""
    return {
        f"adam/{name}/{key}": torch.as_tensor(value)
        for name, parameter in parameters.items()
        for key, value in adam.state.get(parameter, {}).items()
    }


def _restore(
    adam: torch.optim.Optimizer,
    parameters: Mapping[str, nn.Parameter],
    state: Mapping[str, Tensor],
) -> None:
    for name, parameter in parameters.items():
        prefix = f"adam/{name}/"
        memory = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        if memory:
            # SparseAdam counts its steps in a plain number.
            is_sparse = isinstance(adam, torch.optim.SparseAdam)
            count = int(memory["step"]) if is_sparse else memory["step"]
            adam.state[parameter] = {**memory, "step": count}
