"""Start colours read from frames, and removal of splats that the mattes say are not there."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.spatial
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from incarnate.avatars.observations import (
    Observation,
    carried_points,
    in_camera,
    sample_pixels,
)
from incarnate.avatars.start import HeadStart

# A point this far behind the drawn mesh (metres) still counts as seen: the fit has errors.
_DEPTH_TOLERANCE = 0.006
# A pixel's colour is the person's own only well inside of the matte.
_SOLID_MATTE = 0.9
# Splats that mattes cover in less than this share of the frames are not part of the person.
_MIN_COVERAGE = 0.25
ALBEDO_BOUNDS = (0.003, 0.95)


def colored_start(start: HeadStart, observations: list[Observation]) -> HeadStart:
    """Give starting splats the mean colour at which frames show them; drop those outside.

    The light starts white with radiance one, under which albedo and linear colour are equal.

    Args:
        start: Splats with geometry.
        observations: Frames that spread over the capture.
    """
    weights = torch.softmax(start.skinning_logits, -1)
    color_sum = torch.zeros_like(start.means)
    seen = torch.zeros_like(start.opacity_logits)
    covered, in_view = torch.zeros_like(seen), torch.zeros_like(seen)
    for observation in observations:
        seen_now = see_points(observation, start.means, weights, start.rig_basis)
        color_sum += seen_now.weight[:, None] * seen_now.color
        seen += seen_now.weight
        covered += seen_now.inside * (seen_now.matte > 0.5)
        in_view += seen_now.inside
    keep = (covered >= _MIN_COVERAGE * in_view) & (in_view > 0)
    color = filled_colors(start.means, color_sum / seen.clamp(min=1)[:, None], seen > 0)
    colored = replace(start, albedo_logits=torch.logit(color.clamp(*ALBEDO_BOUNDS)))
    return HeadStart(**{name: value[keep] for name, value in vars(colored).items()})


@dataclass(frozen=True)
class Seen:
    """What one frame shows at points that ride on the rig."""

    position: Float[Tensor, "points 3"]
    """Where the point is in the world, metres."""
    inside: Float[Tensor, "points"]
    """1 where it is in the picture, else 0."""
    matte: Float[Tensor, "points"]
    color: Float[Tensor, "points 3"]
    """Linear RGB of the pixel it falls on."""
    weight: Float[Tensor, "points"]
    """1 where that colour is the point's own: in the picture, well inside the matte, unhidden."""


def see_points(
    observation: Observation,
    rest: Float[Tensor, "points 3"],
    weights: Float[Tensor, "points joints"],
    rig_basis: Float[Tensor, "points 3 expressions"],
) -> Seen:
    """Look up rest points that ride on the rig in a frame."""
    frame, camera = observation.frame, observation.frame.camera
    position = carried_points(observation, rest, weights, rig_basis)
    pixels = in_camera(camera, position)
    size = pixels.new_tensor([camera.width, camera.height])
    inside = ((pixels[:, :2] > 0) & (pixels[:, :2] < size)).all(-1).to(pixels.dtype)
    sampled = sample_pixels(torch.cat([frame.image, frame.matte[..., None]], -1), pixels[:, :2])
    column = pixels[:, 0].long().clamp(0, camera.width - 1)
    row = pixels[:, 1].long().clamp(0, camera.height - 1)
    visible = pixels[:, 2] < observation.mesh.depth[row, column] + _DEPTH_TOLERANCE
    matte = sampled[:, 3]
    weight = inside * visible * (matte > _SOLID_MATTE)
    return Seen(position, inside, matte, sampled[:, :3], weight)


def filled_colors(
    points: Float[Tensor, "points 3"],
    colors: Float[Tensor, "points 3"],
    known: Bool[Tensor, "points"],
) -> Float[Tensor, "points 3"]:
    """Unknown colours taken from the nearest known points (mean of eight)."""
    if not bool(known.any()) or bool(known.all()):
        return colors
    tree = scipy.spatial.KDTree(points[known].numpy())
    _, nearest = tree.query(points[~known].numpy(), k=min(8, int(known.sum())))
    filled = colors.clone()
    nearest = np.asarray(nearest).reshape(int((~known).sum()), -1)
    filled[~known] = colors[known][torch.from_numpy(nearest)].mean(1)
    return filled
