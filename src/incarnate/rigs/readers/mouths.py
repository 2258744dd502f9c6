"""A mouth for head models that have none: two rows of teeth and the inside, grown from the lips.

Nothing here knows a model's vertex numbers. Lips are where two places of the skin nearly touch
while one turns with the jaw and the other doesn't; all measures below scale with their width.
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from scipy.ndimage import distance_transform_cdt
from scipy.spatial import KDTree
from torch import Tensor

from incarnate.rigs.rig import Rig
from incarnate.rigs.uv_layout import lay_out

# Lips at rest are no farther apart (metres), and their shares of the jaw differ by more than the
# shares of two places so near on a cheek ever do.
_REACH = 6e-3
_CONTRAST = 0.4
# Half widths of mouths, metres; what is found and has another is no mouth.
_HALF_WIDTHS = (0.012, 0.045)

# Measures for a mouth of half width one; an adult's is about 25 mm.
_ARCH_WIDTH, _ARCH_DEPTH = 1.25, 1.6
_ARCH_TURN = math.radians(78)
_TOOTH_HEIGHT, _TOOTH_THICKNESS = 0.48, 0.18
_BEHIND_LIPS, _OVERBITE = 0.5, 0.08
_INSIDE_HEIGHT, _INSIDE_DEPTH, _INSIDE_WIDTH = 0.8, 2.3, 1.4
_INSIDE_BEHIND_LIPS, _INSIDE_BEHIND_CORNERS = 0.35, 0.85
# How far a lip's movement with the shape is felt by teeth, metres (one sigma).
_SMOOTHING = 0.012

_COLUMNS, _RINGS = 24, 8
_UV_CELLS = 128


@dataclass(frozen=True)
class LipLine:
    """Where the lips meet."""

    upper: Int[Tensor, "upper"]
    """Vertices of the upper lip along it."""
    lower: Int[Tensor, "lower"]
    """Vertices of the lower lip along it."""
    center: Float[Tensor, "3"]
    """Its middle, metres."""
    half_width: float
    """Metres from the middle to a corner."""


@dataclass(frozen=True)
class Patch:
    """A piece of surface to add to a rig."""

    part: str
    vertices: Float[Tensor, "patch 3"]
    faces: Int[Tensor, "faces 3"]
    jaw: Float[Tensor, "patch"]
    """Share of the jaw in the skinning; the rest rides on the jaw's parent."""
    uv: Float[Tensor, "patch 2"]
    """In the unit square, each vertex once."""


def find_lips(rig: Rig) -> LipLine | None:
    """The line where the lips of a resting face meet, or None where nothing looks like lips."""
    skin = (rig.parts == 0).nonzero()[:, 0]
    jaw = rig.skinning_weights[skin, rig.joint_index("jaw")]
    points = rig.vertices[skin].double()
    pairs = torch.from_numpy(KDTree(points.numpy()).query_pairs(_REACH, output_type="ndarray"))
    above, below = pairs.unbind(-1)
    swap = jaw[above] > jaw[below]
    above, below = torch.where(swap, below, above), torch.where(swap, above, below)
    apart = jaw[below] - jaw[above] > _CONTRAST
    apart &= ~_joined(rig, skin[above], skin[below])
    above, below = above[apart], below[apart]
    if len(above) < 6 or (points[above, 1] > points[below, 1]).float().mean() < 0.8:
        return None
    middles = (points[above] + points[below]) / 2
    low, high = middles[:, 0].min(), middles[:, 0].max()
    half_width = float(high - low) / 2
    if not _HALF_WIDTHS[0] < half_width < _HALF_WIDTHS[1]:
        return None
    across = (low + high) / 2
    central = (middles[:, 0] - across).abs() < 0.3 * half_width
    if not bool(central.any()):
        return None
    center = torch.stack([across, middles[central, 1].mean(), middles[central, 2].mean()])
    return LipLine(skin[above.unique()], skin[below.unique()], center.to(rig.vertices), half_width)


def grow_mouth(rig: Rig, lips: LipLine) -> Rig:
    """Add the parts ``mouth`` and ``teeth`` behind the lips; vertices before stay as they are.

    Upper teeth ride on the jaw's parent, lower ones on the jaw; the inside stretches between. They
    have no expression and no corrective; with the shape they move as the lips nearest to them, so
    that each person's mouth has them in its place.

    Args:
        rig: A face at rest with its lips nearly closed and nothing inside.
        lips: What `find_lips` found.
    """
    patches = (_inside(lips), _teeth(lips, "upper"), _teeth(lips, "lower"))
    points = torch.cat([patch.vertices for patch in patches]).to(rig.vertices)
    faces, part_names, parts = [rig.faces], list(rig.part_names), [rig.parts]
    uv, uv_faces, count, texels = [rig.uv], [rig.uv_faces], len(rig.vertices), len(rig.uv)
    corner, side = _free_square(rig)
    for index, patch in enumerate(patches):
        if patch.part not in part_names:
            part_names.append(patch.part)
        parts.append(torch.full((len(patch.vertices),), part_names.index(patch.part)))
        faces.append(patch.faces + count)
        uv_faces.append(patch.faces + texels)
        row = torch.tensor([0.0, index])
        uv.append(corner + side * (0.02 + 0.96 * (patch.uv + row) / torch.tensor([1.0, 3.0])))
        count, texels = count + len(patch.vertices), texels + len(patch.uv)
    moved = _follow(rig, lips, points)
    return replace(
        rig,
        vertices=torch.cat([rig.vertices, points]),
        faces=torch.cat(faces),
        uv=torch.cat(uv).to(rig.uv),
        uv_faces=torch.cat(uv_faces),
        parts=torch.cat(parts),
        part_names=tuple(part_names),
        shape_basis=torch.cat([rig.shape_basis, moved], 1),
        expression_basis=_padded(rig.expression_basis, len(points)),
        pose_basis=None if rig.pose_basis is None else _padded(rig.pose_basis, len(points)),
        skinning_weights=torch.cat([rig.skinning_weights, _skinning(rig, patches)]),
    )


def _joined(rig: Rig, one: Int[Tensor, "pairs"], other: Int[Tensor, "pairs"]) -> Tensor:
    """Whether an edge joins each pair: then they are neighbours on one lip."""
    count = len(rig.vertices)
    ends = torch.cat([rig.faces, rig.faces.roll(-1, 1)], 0).reshape(2, -1)
    edges = torch.cat([ends[0] * count + ends[1], ends[1] * count + ends[0]])
    return torch.isin(one * count + other, edges)


def _teeth(lips: LipLine, row: str) -> Patch:
    """A row of teeth: a strip along an arch, with a front, an edge and a back."""
    size, upper = lips.half_width, row == "upper"
    turn = torch.linspace(-_ARCH_TURN, _ARCH_TURN, _COLUMNS + 1)
    sign = 1.0 if upper else -1.0
    inward = 0.0 if upper else _OVERBITE
    # Front at the gum, front at the edge, back at the edge, back at the gum.
    heights = sign * torch.tensor([1.0, 0.0, 0.0, 1.0]) * _TOOTH_HEIGHT - 0.5 * _OVERBITE * upper
    setback = inward + torch.tensor([0.0, 0.02, _TOOTH_THICKNESS, _TOOTH_THICKNESS])
    across = (_ARCH_WIDTH - setback) * turn.sin()[:, None]
    along = -_BEHIND_LIPS - setback - (_ARCH_DEPTH - setback) * (1 - turn.cos()[:, None])
    local = torch.stack([across, heights.expand_as(across), along], -1)
    uv = torch.stack(
        torch.meshgrid(torch.linspace(0, 1, _COLUMNS + 1), torch.linspace(0, 1, 4), indexing="ij"),
        -1,
    )
    faces = _grid_faces(_COLUMNS, 3)
    return Patch(
        "teeth",
        (lips.center + size * local).flatten(0, 1),
        faces if upper else faces.flip(-1),
        torch.full((4 * (_COLUMNS + 1),), 0.0 if upper else 1.0),
        uv.flatten(0, 1),
    )


def _inside(lips: LipLine) -> Patch:
    """Half an ellipsoid that opens to the lips and is seen from inside."""
    around = torch.linspace(0, 2 * math.pi, 2 * _COLUMNS + 1)[:, None]
    depth = torch.linspace(0, 1, _RINGS + 1)
    # The last ring is a third of a millimetre, not a point: its triangles keep an area.
    narrow = (1 - (0.9999 * depth).square()).sqrt()
    across = _INSIDE_WIDTH * around.cos() * narrow
    up = _INSIDE_HEIGHT * around.sin() * narrow
    # Beside the middle the opening lies further back, as the corners of the lips do.
    corners = (_INSIDE_BEHIND_CORNERS - _INSIDE_BEHIND_LIPS) * around.cos().square()
    rim = -_INSIDE_BEHIND_LIPS - corners * narrow
    along = rim - _INSIDE_DEPTH * depth
    local = torch.stack([across, up, along], -1)
    jaw = 0.5 - 0.5 * around.sin() * (1 - depth.square())
    uv = torch.stack([(around / (2 * math.pi)).expand_as(across), depth.expand_as(across)], -1)
    return Patch(
        "mouth",
        (lips.center + lips.half_width * local).flatten(0, 1),
        _grid_faces(2 * _COLUMNS, _RINGS).flip(-1),
        jaw.flatten(),
        uv.flatten(0, 1),
    )


def _grid_faces(columns: int, rows: int) -> Int[Tensor, "faces 3"]:
    """Triangles of a grid whose vertices run along the rows first."""
    column, row = torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="ij")
    first = (column * (rows + 1) + row).flatten()
    across, down, both = first + rows + 1, first + 1, first + rows + 2
    one, other = torch.stack([first, down, across], -1), torch.stack([across, down, both], -1)
    return torch.cat([one, other])


def _follow(
    rig: Rig, lips: LipLine, points: Float[Tensor, "points 3"]
) -> Float[Tensor, "shapes points 3"]:
    """What the shape does to the lips, smoothed, at points behind them."""
    carriers = torch.cat([lips.upper, lips.lower])
    distance = torch.cdist(points, rig.vertices[carriers])
    near = torch.softmax(-distance.square() / (2 * _SMOOTHING**2), -1)
    return torch.einsum("pl,slc->spc", near, rig.shape_basis[:, carriers])


def _skinning(rig: Rig, patches: tuple[Patch, ...]) -> Float[Tensor, "points joints"]:
    jaw = rig.joint_index("jaw")
    share = torch.cat([patch.jaw for patch in patches]).to(rig.skinning_weights)
    weights = share.new_zeros(len(share), rig.num_joints)
    weights[:, jaw], weights[:, rig.parents[jaw]] = share, 1 - share
    return weights


def _padded(
    basis: Float[Tensor, "directions vertices 3"], count: int
) -> Float[Tensor, "directions padded 3"]:
    return torch.cat([basis, basis.new_zeros(len(basis), count, 3)], 1)


def _free_square(rig: Rig) -> tuple[Float[Tensor, "2"], float]:
    """Lower left corner and side of the largest square of the texture that nothing uses."""
    used = lay_out(rig, _UV_CELLS).raster.covered
    # A frame of used cells keeps the square inside the texture.
    free = torch.nn.functional.pad(~used, (1, 1, 1, 1)).numpy()
    distance = torch.from_numpy(distance_transform_cdt(free, metric="chessboard"))
    radius, place = distance.flatten().max(0)
    row, column = divmod(int(place), _UV_CELLS + 2)
    # From the centres of the padded cells to the cells of the texture, rows from the top.
    half = max(float(radius) - 1, 0.5)
    center = torch.tensor([column - 0.5, _UV_CELLS + 0.5 - row])
    return (center - half) / _UV_CELLS, 2 * half / _UV_CELLS
