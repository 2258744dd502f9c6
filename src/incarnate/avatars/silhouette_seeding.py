"""Splats for what the rig lacks: hair, hats, glasses, clothes.

Where a matte reaches beyond the drawn rig, something stands beside the mesh. Its depth is unknown
from one frame, so several depths near that of the closest mesh pixel are tried; each candidate is
carried by the rig into the other frames, and the depth at which mattes cover it and its colour
stays the same wins.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import ndimage
from torch import Tensor

from incarnate.avatars.materials import ROUGHNESS_RANGE, encode_bounded
from incarnate.avatars.observations import (
    Observation,
    carried_points,
    in_camera,
    sample_pixels,
)
from incarnate.avatars.seeding import (
    MIN_SKINNING_WEIGHT,
    disc_log_scales,
    quaternions_from_normals,
)
from incarnate.avatars.start import HeadStart
from incarnate.geometry.transforms import transform_points
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import blend_transforms

# Depths tried behind (+) and before (−) the nearest mesh pixel, metres.
_DEPTH_OFFSETS = (-0.03, -0.01, 0.01, 0.03, 0.06)
_MIN_MATTE = 0.6
# A candidate must lie inside the mattes of this share of the frames that see it.
_MIN_COVERAGE = 0.85
# Expressions move what is near the mesh (brows, beard) and leave far hair alone; metres.
_EXPRESSION_REACH = 0.02
_START_OPACITY_LOGIT = 0.5
# Discs of unknown orientation are made less flat than those on a known surface.
_THICKNESS = 0.7


def start_beyond_silhouette(
    rig: Rig, observations: list[Observation], count: int, generator: torch.Generator
) -> HeadStart | None:
    """Splats for matte pixels that the rig does not reach.

    Args:
        rig: The person's rig.
        observations: Frames that spread over the head poses.
        count: About how many splats; neighbours closer than the implied spacing are merged.
        generator: Source of randomness.

    Returns:
        Splats without colour, or None where the rig covers all of the mattes.
    """
    beyond = [_pixels_beyond(observation) for observation in observations]
    total = sum(len(pixels) for pixels, _ in beyond)
    if total < 50:
        return None
    pieces = []
    for observation, (pixels, nearest) in zip(observations, beyond, strict=True):
        # Every frame gives several times its share: most candidates die in the merge below.
        wanted = min(len(pixels), 1 + 4 * count * len(pixels) // total)
        chosen = torch.randperm(len(pixels), generator=generator)[:wanted]
        pieces.append(_candidates(rig, observation, pixels[chosen], nearest[chosen]))
    rest, weights, basis, normals = (torch.cat(part) for part in zip(*pieces, strict=True))
    rest, score = _best_depths(rest, weights, basis, observations)
    keep = torch.nonzero(score >= _MIN_COVERAGE)[:, 0]
    keep, spacing = _thinned(rest, keep, count)
    if len(keep) == 0:
        return None
    spacings = rest.new_full((len(keep),), spacing)
    scales = disc_log_scales(spacings)
    scales[:, 2] = scales[:, 0] + torch.log(torch.tensor(_THICKNESS))
    return HeadStart(
        means=rest[keep],
        quaternions=quaternions_from_normals(normals[keep]),
        log_scales=scales,
        opacity_logits=rest.new_full((len(keep),), _START_OPACITY_LOGIT),
        albedo_logits=torch.zeros_like(rest[keep]),
        roughness_logits=encode_bounded(rest.new_full((len(keep),), 0.6), ROUGHNESS_RANGE),
        rig_basis=basis[keep],
        skinning_logits=torch.log(weights[keep] + MIN_SKINNING_WEIGHT),
    )


def _pixels_beyond(
    observation: Observation,
) -> tuple[Int[Tensor, "pixels 2"], Int[Tensor, "pixels 2"]]:
    """(row, column) of matte pixels off the mesh, and of the mesh pixel nearest to each."""
    off_mesh = ~observation.mesh.covered
    if bool(off_mesh.all()):
        empty = torch.zeros(0, 2, dtype=torch.long)
        return empty, empty
    found = ndimage.distance_transform_edt(
        off_mesh.numpy(), return_distances=False, return_indices=True
    )
    rows, cols = torch.nonzero(off_mesh & (observation.frame.matte > _MIN_MATTE), as_tuple=True)
    nearest = torch.from_numpy(np.asarray(found)).long()
    return torch.stack([rows, cols], -1), nearest[:, rows, cols].T


def _candidates(
    rig: Rig,
    observation: Observation,
    pixels: Int[Tensor, "pixels 2"],
    nearest: Int[Tensor, "pixels 2"],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rest points for each depth (pixels, depths, 3), their weights, bases and normals."""
    mesh, camera = observation.mesh, observation.frame.camera
    row, col = nearest.unbind(-1)
    corners = rig.faces[mesh.face[row, col]]
    barycentric = mesh.barycentric[row, col]
    weights = torch.einsum("pk,pkj->pj", barycentric, rig.skinning_weights[corners])
    basis = rig.expression_basis.permute(1, 2, 0)
    basis = torch.einsum("pk,pkce->pce", barycentric, basis[corners])
    surface_depth = mesh.depth[row, col]
    depths = surface_depth[:, None] + surface_depth.new_tensor(_DEPTH_OFFSETS)
    world = _unprojected(observation, pixels.flip(-1) + 0.5, depths)
    anchor = _unprojected(observation, nearest.flip(-1) + 0.5, surface_depth[:, None])
    reach = (world[:, 2] - anchor[:, 0]).norm(dim=-1)
    basis = basis * torch.exp(-((reach / _EXPRESSION_REACH) ** 2))[:, None, None]
    affine = blend_transforms(weights, observation.world_from_rest)
    inverse = torch.linalg.inv(affine[..., :3])
    rest = (inverse[:, None] @ (world - affine[:, None, :, 3])[..., None])[..., 0]
    rest = rest - (basis @ observation.pose.expression)[:, None]
    # Half toward the camera, half away from the mesh: hair is a volume with a rounded outside.
    outward = torch.nn.functional.normalize(world[:, 2] - anchor[:, 0], dim=-1)
    to_camera = torch.nn.functional.normalize(camera.center - world[:, 2], dim=-1)
    normals = (inverse @ (outward + to_camera)[..., None])[..., 0]
    return rest, weights, basis, normals


def _unprojected(
    observation: Observation,
    pixels: Float[Tensor, "pixels 2"],
    depths: Float[Tensor, "pixels depths"],
) -> Float[Tensor, "pixels depths 3"]:
    """World points seen at pixels in given camera-space depths (metres)."""
    camera = observation.frame.camera
    homogeneous = torch.cat([pixels, torch.ones_like(pixels[:, :1])], -1)
    rays = homogeneous @ torch.linalg.inv(camera.intrinsics).T
    local = rays[:, None] * depths[..., None]
    return transform_points(camera.world_from_camera, local.flatten(0, 1)).view(*depths.shape, 3)


def _best_depths(
    rest: Float[Tensor, "points depths 3"],
    weights: Float[Tensor, "points joints"],
    basis: Float[Tensor, "points 3 expressions"],
    observations: list[Observation],
) -> tuple[Float[Tensor, "points 3"], Float[Tensor, "points"]]:
    """For each point the depth where colours agree best, and the share of mattes that cover it."""
    num_depths = rest.shape[1]
    flat = rest.flatten(0, 1)
    flat_weights = weights.repeat_interleave(num_depths, 0)
    flat_basis = basis.repeat_interleave(num_depths, 0)
    count = flat.new_zeros(len(flat))
    covered = flat.new_zeros(len(flat))
    total, squares = torch.zeros_like(flat), torch.zeros_like(flat)
    for observation in observations:
        camera = observation.frame.camera
        pixels = in_camera(camera, carried_points(observation, flat, flat_weights, flat_basis))
        size = pixels.new_tensor([camera.width, camera.height])
        inside = ((pixels[:, :2] > 0) & (pixels[:, :2] < size)).all(-1).to(flat.dtype)
        image = torch.cat([observation.frame.image.sqrt(), observation.frame.matte[..., None]], -1)
        sampled = sample_pixels(image, pixels[:, :2])
        count += inside
        covered += inside * (sampled[:, 3] > _MIN_MATTE)
        total += inside[:, None] * sampled[:, :3]
        squares += inside[:, None] * sampled[:, :3] ** 2
    share = covered / count.clamp(min=1)
    mean = total / count.clamp(min=1)[:, None]
    variance = (squares / count.clamp(min=1)[:, None] - mean**2).sum(-1)
    # Coverage decides first; a standard deviation of 0.1 in colour weighs as 10 % of the frames.
    score = (share - 10 * variance.clamp(min=0)).view(-1, num_depths)
    best = score.argmax(-1)
    rows = torch.arange(len(rest))
    return rest[rows, best], share.view(-1, num_depths)[rows, best]


def _thinned(
    points: Float[Tensor, "points 3"], keep: Int[Tensor, "kept"], count: int
) -> tuple[Int[Tensor, "thinned"], float]:
    """One point a cell of a grid that is as fine as the wanted count needs; and its spacing."""
    low, high = 0.001, 0.02
    for _ in range(12):
        spacing = (low * high) ** 0.5
        first = _first_in_cells(points[keep], spacing)
        if len(first) > count:
            low = spacing
        else:
            high = spacing
    return keep[_first_in_cells(points[keep], high)], high


def _first_in_cells(points: Float[Tensor, "points 3"], spacing: float) -> Int[Tensor, "cells"]:
    cells = (points / spacing).floor().long()
    _, inverse = torch.unique(cells, dim=0, return_inverse=True)
    first = torch.full((int(inverse.max()) + 1 if len(inverse) else 0,), len(points))
    return first.scatter_reduce(0, inverse, torch.arange(len(points)), "amin")
