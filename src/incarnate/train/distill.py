"""Teach an expression encoder the tracked codes, before an avatar is trained with it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from incarnate.avatars.crops import crop_boxes, read_crop
from incarnate.avatars.encoder import EncoderModel, ExpressionEncoder, code_reach, codes_of
from incarnate.avatars.mobilenet_weights import load_mobilenet
from incarnate.capture.capture import Capture, Track

Progress = Callable[[int, int, str], None]
# Pixels around a kept crop, as a share of its side, from which it may be shifted and scaled.
_MARGIN_SHARE = 0.125
# Augmentation: shift (share of the side), log scale, log brightness, log tint.
_SHIFT, _SCALE, _BRIGHTNESS, _TINT = 0.04, 0.06, 0.2, 0.05


@dataclass(frozen=True)
class EncoderRecipe:
    """How an expression encoder is made and taught."""

    model: EncoderModel = field(default_factory=EncoderModel)
    weights: str = ""
    """File of published backbone weights (docs/head.md); empty starts from random ones."""
    steps: int = 400
    """Steps in which it learns the tracked codes."""
    batch: int = 8
    """Crops a step."""
    rate: float = 2e-3
    """AdamW's step size; falls along a cosine to nothing."""


@dataclass(frozen=True)
class CropBank:
    """Crops of some frames of a capture, with a margin for augmentation, held as bytes."""

    indices: tuple[int, ...]
    """Frames of the capture, in the order of the crops."""
    margin: int
    """Pixels on each side beyond the crop proper."""
    pixels: UInt8[Tensor, "frames side side 3"]

    @property
    def crops(self) -> UInt8[Tensor, "frames size size 3"]:
        """The crops proper: what the encoder sees outside of training."""
        inner = slice(self.margin, self.pixels.shape[1] - self.margin)
        return self.pixels[:, inner, inner]

    def augmented(
        self, rows: Tensor, generator: torch.Generator
    ) -> Float[Tensor, "batch size size 3"]:
        """Some crops in [0, 1], each a little shifted, scaled, brightened and tinted."""
        pixels = self.pixels[rows].float().permute(0, 3, 1, 2) / 255
        count, side = len(rows), pixels.shape[-1]
        size = side - 2 * self.margin

        def spread(limit: float, *shape: int) -> Tensor:
            return limit * (2 * torch.rand(*shape, generator=generator) - 1)

        scale = spread(_SCALE, count, 1, 1).exp()
        shift = spread(2 * _SHIFT, count, 2, 1)
        to_bank = torch.cat([torch.eye(2) * scale, shift], -1) * (size / side)
        grid = nn.functional.affine_grid(to_bank, [count, 3, size, size], align_corners=False)
        picture = nn.functional.grid_sample(pixels, grid, align_corners=False)
        gain = (spread(_BRIGHTNESS, count, 1, 1, 1) + spread(_TINT, count, 3, 1, 1)).exp()
        return (picture * gain).clamp(0, 1).permute(0, 2, 3, 1)


def read_bank(
    capture: Capture,
    track: Track,
    indices: list[int],
    *,
    size: int,
    progress: Progress | None = None,
) -> CropBank:
    """Read the crops of some frames.

    Args:
        capture: The capture.
        track: Its track.
        indices: Which frames.
        size: Pixels along a crop.
        progress: Called with crops read, crops in all, and what is going on.
    """
    boxes, margin = crop_boxes(capture, track), round(_MARGIN_SHARE * size)
    pixels = []
    for done, index in enumerate(indices):
        pixels.append(read_crop(capture, boxes, index, size, margin))
        if progress is not None:
            progress(done + 1, len(indices), "reading crops")
    return CropBank(tuple(indices), margin, torch.from_numpy(np.stack(pixels)))


def distill(
    recipe: EncoderRecipe,
    track: Track,
    bank: CropBank,
    *,
    seed: int,
    progress: Progress | None = None,
) -> ExpressionEncoder:
    """Train an encoder to find the tracked codes of some frames.

    Args:
        recipe: How.
        track: Whose codes.
        bank: The frames' crops.
        seed: Of weights, order and augmentation.
        progress: Called with steps done, steps in all, and what is going on.

    Raises:
        ModelFileError: Published weights do not fit.
    """
    generator = torch.Generator().manual_seed(seed)
    encoder = _new_encoder(recipe, track, seed)
    targets = codes_of(track.poses[torch.tensor(bank.indices)], track.rig)
    encoder.center_on(targets)
    reach = code_reach(track.rig)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=recipe.rate, weight_decay=0.02)
    batch = min(recipe.batch, len(bank.indices))
    odds = rarity(targets, reach)
    for step in range(recipe.steps):
        rows = torch.multinomial(odds, batch, generator=generator)
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * _warm_cosine(step, recipe.steps)
        codes = encoder(bank.augmented(rows, generator))
        loss = unexplained(codes, targets[rows], targets, reach)
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if progress is not None:
            text = f"teaching the encoder · {float(loss.detach()):.2f} unexplained"
            progress(step + 1, recipe.steps, text)
    return encoder.requires_grad_(False)


def unexplained(
    codes: Float[Tensor, "batch codes"],
    targets: Float[Tensor, "batch codes"],
    all_targets: Float[Tensor, "frames codes"],
    reach: Float[Tensor, "codes"],
) -> Float[Tensor, ""]:
    """Squared surface error of codes over that of always answering the mean: 0 is perfect.

    Args:
        codes: What was found.
        targets: What it should be.
        all_targets: The codes among whose variance the error is seen.
        reach: Metres a unit of each code (`code_reach`).
    """
    spread = (all_targets.var(0, correction=0) * reach.square()).sum().clamp(min=1e-12)
    return ((codes - targets) * reach).square().sum(-1).mean() / spread


def rarity(
    codes: Float[Tensor, "frames codes"], reach: Float[Tensor, "codes"]
) -> Float[Tensor, "frames"]:
    """How often each frame is drawn: by its squared distance from the mean expression.

    A minute of talking is mostly one face; drawn evenly, the few wide-open mouths hardly count.
    On a clip whose test frames hold a mouth wider open than all but two of 301 training frames,
    the square instead of the distance itself took two fifths off the squared error there.
    """
    squared = ((codes - codes.mean(0)) * reach).square().sum(-1)
    return squared + 0.3 * squared.mean() + 1e-12


def _new_encoder(recipe: EncoderRecipe, track: Track, seed: int) -> ExpressionEncoder:
    # Layers draw from torch's global generator; the caller's stays as it was.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = ExpressionEncoder(recipe.model, track.rig)
    if recipe.weights:
        load_mobilenet(encoder.backbone, recipe.weights)
    return encoder


def _warm_cosine(step: int, steps: int) -> float:
    """A rise over the first twentieth, then half a cosine down."""
    warm = max(steps // 20, 1)
    return min((step + 1) / warm, 0.5 * (1 + math.cos(math.pi * step / steps)))
