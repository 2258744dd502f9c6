"""What a few frames of a capture show of points that ride on a rig: coverage and colour.

Used to start an avatar: colours are read from the frames instead of being learned, and hair that
the rig does not have is found where mattes reach beyond the mesh.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.capture import Capture, Frame, Track
from incarnate.capture.reading import read_frame
from incarnate.geometry.cameras import Camera
from incarnate.geometry.points import spread_indices
from incarnate.geometry.transforms import transform_points
from incarnate.geometry.zbuffer import MeshRaster, rasterize_mesh
from incarnate.rigs.rig import Pose
from incarnate.rigs.skinning import apply_affine, blend_transforms, pose_rig

# Vertices by which frames are told apart when some that differ are chosen.
_SIGNATURE_POINTS = 100


@dataclass(frozen=True)
class Observation:
    """One frame with the posed rig drawn over it."""

    frame: Frame
    pose: Pose
    mesh: MeshRaster
    world_from_rest: Float[Tensor, "joints 4 4"]


def observe(capture: Capture, track: Track, count: int, longest_side: int) -> list[Observation]:
    """Read frames that spread over the training head poses, and draw the rig over each.

    Args:
        capture: Where the frames are.
        track: The fitted rig.
        count: How many frames at most.
        longest_side: Size in pixels at which frames are read.
    """
    camera = capture.cameras[0]
    scale = min(1.0, longest_side / max(camera.width, camera.height))
    size = (round(camera.width * scale), round(camera.height * scale))
    return [
        _observation(read_frame(capture, index, size=size), track, index)
        for index in spread_frames(track, capture.indices("train"), count)
    ]


def observe_views(
    capture: Capture, track: Track, index: int, longest_side: int
) -> list[Observation]:
    """One pose in the pictures of all training cameras.

    Args:
        capture: Where the frames are.
        track: The fitted rig.
        index: Which frame.
        longest_side: Size in pixels at which pictures are read.
    """
    found = []
    for camera in capture.train_cameras:
        view = capture.cameras[camera]
        scale = min(1.0, longest_side / max(view.width, view.height))
        size = (round(view.width * scale), round(view.height * scale))
        found.append(_observation(read_frame(capture, index, camera, size), track, index))
    return found


def _observation(frame: Frame, track: Track, index: int) -> Observation:
    pose = track.poses[index]
    posed = pose_rig(track.rig, pose)
    mesh = rasterize_mesh(posed.vertices, track.rig.faces, frame.camera)
    return Observation(frame, pose, mesh, posed.world_from_rest)


def spread_frames(track: Track, candidates: list[int], count: int) -> list[int]:
    """Farthest-point choice of frames by where the surface goes (deterministic)."""
    vertices = pose_rig(track.rig, track.poses[torch.tensor(candidates)]).vertices
    signature = vertices[:, :: max(1, vertices.shape[1] // _SIGNATURE_POINTS)].flatten(1)
    chosen = spread_indices(signature, count).tolist()
    return sorted(candidates[i] for i in chosen)


def sample_pixels(
    image: Float[Tensor, "height width channels"], pixels: Float[Tensor, "points 2"]
) -> Float[Tensor, "points channels"]:
    """Bilinear look-up at pixel positions; zero outside of the image."""
    height, width = image.shape[:2]
    scale = pixels.new_tensor([2 / width, 2 / height])
    grid = (pixels * scale - 1)[None, None]
    sampled = torch.nn.functional.grid_sample(
        image.permute(2, 0, 1)[None], grid, align_corners=False
    )
    return sampled[0, :, 0].T


def in_camera(camera: Camera, points: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    """Pixel x, pixel y and depth in metres of world points."""
    local = transform_points(camera.camera_from_world, points)
    projected = local @ camera.intrinsics.T
    return torch.cat([projected[:, :2] / local[:, 2:].clamp(min=1e-3), local[:, 2:]], -1)


def carried_points(
    observation: Observation,
    rest: Float[Tensor, "points 3"],
    weights: Float[Tensor, "points joints"],
    rig_basis: Float[Tensor, "points 3 expressions"],
) -> Float[Tensor, "points 3"]:
    """World positions in a frame of rest points that ride on the rig."""
    rest = rest + rig_basis @ observation.pose.expression
    return apply_affine(blend_transforms(weights, observation.world_from_rest), rest)
