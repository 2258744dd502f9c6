"""A rig drawn over the frames it was fitted to, so that a person can judge the fit."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from incarnate.capture.capture import Frame
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear, linear_from_srgb
from incarnate.geometry.meshes import vertex_normals
from incarnate.geometry.transforms import transform_points
from incarnate.geometry.zbuffer import MeshRaster, rasterize_mesh
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig

MESH_SRGB = (0.35, 0.75, 1.0)
MESH_OPACITY = 0.6
LANDMARK_RGB = (255, 210, 0)
MATTE_RGB = (255, 0, 170)
CAPTION_HEIGHT = 18

# A landmark this far behind the surface belongs to the side that cannot be seen, metres.
_HIDDEN_BEHIND = 0.01
_FACE_LANDMARKS = "mediapipe478"


def draw_rig(frame: Frame, rig: Rig, pose: Pose) -> UInt8[np.ndarray, "height width 3"]:
    """The frame with the posed rig over it: shaded surface, visible landmarks, matte outline.

    Args:
        frame: What was seen.
        rig: The rig of the track, identity folded in.
        pose: One pose (no batch) in the rig's order.

    Returns:
        8-bit sRGB in the frame's size.
    """
    vertices = pose_rig(rig, pose).vertices
    raster = rasterize_mesh(vertices, rig.faces, frame.camera)
    normals = raster.interpolate(vertex_normals(vertices, rig.faces), rig.faces)
    # Light from the camera: the surface is bright where it faces us and dark at its rim.
    facing = (normals * frame.camera.pixel_rays()).sum(-1, keepdim=True).abs()
    surface = linear_from_srgb(facing.new_tensor(MESH_SRGB)) * facing
    cover = MESH_OPACITY * raster.covered[..., None]
    picture = bytes_from_linear((1 - cover) * frame.image + cover * surface)
    picture[_outline(frame.matte)] = MATTE_RGB
    if _FACE_LANDMARKS in rig.landmarks:
        points = rig.landmarks[_FACE_LANDMARKS].on(vertices, rig.faces)
        _draw_points(picture, points, raster, frame.camera)
    return picture


def draw_matte(frame: Frame) -> UInt8[np.ndarray, "height width 3"]:
    """The frame with the outline of its matte, for captures that have no rig."""
    picture = bytes_from_linear(frame.image)
    picture[_outline(frame.matte)] = MATTE_RGB
    return picture


def contact_sheet(
    pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]],
    captions: Sequence[str],
    *,
    columns: int = 6,
    width: int = 240,
) -> UInt8[np.ndarray, "height width 3"]:
    """Many pictures on one page, each with a line of text below it.

    Args:
        pictures: 8-bit sRGB; a lower one leaves the rest of its place white.
        captions: One a picture.
        columns: Pictures in a row.
        width: Of each picture on the page, pixels.
    """
    assert len(pictures) == len(captions) > 0, "a sheet needs pictures, each with a caption"
    columns = min(columns, len(pictures))
    small = [thumbnail(picture, width) for picture in pictures]
    height = max(len(picture) for picture in small)
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * width, rows * (height + CAPTION_HEIGHT)), "white")
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default()
    for place, (picture, caption) in enumerate(zip(small, captions, strict=True)):
        left, top = place % columns * width, place // columns * (height + CAPTION_HEIGHT)
        page.paste(Image.fromarray(picture), (left, top))
        pen.text((left + 4, top + height + 3), caption, fill="black", font=font)
    return np.array(page)


def thumbnail(
    picture: UInt8[np.ndarray, "height width 3"], width: int = 240
) -> UInt8[np.ndarray, "new_height new_width 3"]:
    """A picture at another width, as `contact_sheet` shows it; many of them fit in memory."""
    if picture.shape[1] == width:
        return picture
    height = round(width * picture.shape[0] / picture.shape[1])
    return np.array(Image.fromarray(picture).resize((width, height)))


def _outline(matte: Float[Tensor, "height width"]) -> Bool[np.ndarray, "height width"]:
    """Pixels of the person that touch a pixel that is not the person."""
    inside = matte.numpy() > 0.5
    neighbours = np.pad(inside, 1, mode="edge")
    all_inside = (
        neighbours[:-2, 1:-1] & neighbours[2:, 1:-1] & neighbours[1:-1, :-2] & neighbours[1:-1, 2:]
    )
    return inside & ~all_inside


def _draw_points(
    picture: UInt8[np.ndarray, "height width 3"],
    points: Float[Tensor, "points 3"],
    raster: MeshRaster,
    camera: Camera,
) -> None:
    """Mark the points that are in the picture and not behind the surface, one pixel each."""
    depth = transform_points(camera.camera_from_world, points)[:, 2]
    column, row = camera.project(points).floor().long().unbind(-1)
    is_in_view = (
        (depth > 0) & (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
    )
    column, row, depth = column[is_in_view], row[is_in_view], depth[is_in_view]
    is_visible = (depth < raster.depth[row, column] + _HIDDEN_BEHIND).numpy()
    picture[row.numpy()[is_visible], column.numpy()[is_visible]] = LANDMARK_RGB


def spread(candidates: Sequence[int], count: int) -> list[int]:
    """At most ``count`` of the candidates, evenly spread, the first and last among them."""
    if len(candidates) <= count:
        return list(candidates)
    places = torch.linspace(0, len(candidates) - 1, count).round().long().tolist()
    return [candidates[place] for place in places]
