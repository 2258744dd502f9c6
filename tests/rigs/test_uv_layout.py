"""The texture layout as a picture: texels read what lies at their coordinates."""

from dataclasses import replace

import numpy as np
import torch

from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Rig
from incarnate.rigs.uv_layout import draw_uv_layout, lay_out


def square_rig() -> Rig:
    """Two triangles that fill the lower left quarter of the texture; two parts."""
    rig = default_head_rig()
    corners = torch.tensor([[0.0, 0], [0.5, 0], [0.5, 0.5], [0.0, 0.5], [0.0, 0.0], [0.5, 0.5]])
    faces = torch.tensor([[0, 1, 2], [4, 5, 3]])
    return replace(
        rig,
        shape_basis=rig.shape_basis[:, :6],
        expression_basis=rig.expression_basis[:, :6],
        skinning_weights=rig.skinning_weights[:6],
        vertices=torch.cat([corners, torch.zeros(6, 1)], -1),
        faces=faces,
        uv=corners,
        uv_faces=faces,
        parts=torch.tensor([0, 0, 0, 1, 1, 1]),
        part_names=("one", "other"),
    )


def test_texels_read_what_lies_at_their_coordinates() -> None:
    rig, size = square_rig(), 64
    layout = lay_out(rig, size)
    covered = layout.raster.covered
    expected = torch.zeros(size, size, dtype=torch.bool)
    expected[size // 2 :, : size // 2] = True
    assert torch.equal(covered, expected)
    # The vertices of this rig are its texture coordinates.
    found = layout.read(rig.vertices, rig.faces)[covered][:, :2]
    centers = (torch.arange(size) + 0.5) / size
    v, u = torch.meshgrid(1 - centers, centers, indexing="ij")
    torch.testing.assert_close(found, torch.stack([u, v], -1)[covered], rtol=0, atol=1e-6)


def test_wires_have_the_colour_of_their_part_and_the_fill_shows_between_them() -> None:
    rig, size = square_rig(), 64
    fill = torch.full((size, size, 3), 0.2)
    picture = draw_uv_layout(rig, size, fill).astype(int)
    plain = draw_uv_layout(rig, size).astype(int)
    assert (plain[: size // 2] == 0).all()
    # Inside both triangles, away from their edges.
    assert np.ptp(np.stack([picture[58, 16], picture[40, 8], picture[0, 0]]), axis=0).max() == 0
    below_diagonal, above_diagonal = plain[size - 1, 16], plain[40, 0]
    assert below_diagonal.max() > 50
    assert above_diagonal.max() > 50
    assert (below_diagonal != above_diagonal).any()
