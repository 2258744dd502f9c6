import torch
from torch import Tensor

from incarnate.rigs.readers.unwrapping import unwrap_spheres


def sphere(center: tuple[float, float, float]) -> tuple[Tensor, Tensor]:
    """A closed sphere of quarter turns by eighths, ccw from outside."""
    rows, columns = 8, 16
    latitude = torch.linspace(-1.4, 1.4, rows)[:, None]
    longitude = torch.arange(columns) * (2 * torch.pi / columns)
    x, z = latitude.cos() * longitude.sin(), latitude.cos() * longitude.cos()
    points = torch.stack([x, latitude.sin().expand_as(x), z], -1).reshape(-1, 3)
    faces = []
    for row in range(rows - 1):
        for column in range(columns):
            a, b = row * columns + column, row * columns + (column + 1) % columns
            faces += [(a, b, b + columns), (a, b + columns, a + columns)]
    return points + torch.tensor(center), torch.tensor(faces)


def test_no_triangle_turns_over_or_crosses_the_seam() -> None:
    head, head_faces = sphere((0.0, 1.0, 0.0))
    eye, eye_faces = sphere((5.0, 0.0, 0.0))
    faces = torch.cat([head_faces, eye_faces + len(head)])
    parts = (torch.arange(2 * len(head)) >= len(head)).long()
    uv, uv_faces = unwrap_spheres(torch.cat([head, eye]), faces, parts)
    assert uv.min() >= 0
    assert uv.max() <= 1
    first, second, third = uv[uv_faces].unbind(1)
    one, other = second - first, third - first
    # Counter-clockwise from outside stays so on a texture that is seen from outside.
    assert (one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0] > 0).all()
    # A step of the grid is a sixteenth of a turn; nothing spans the texture.
    assert (uv[uv_faces].amax(1) - uv[uv_faces].amin(1)).max() < 0.2


def test_parts_keep_apart() -> None:
    head, head_faces = sphere((0.0, 0.0, 0.0))
    parts = torch.repeat_interleave(torch.arange(3), len(head))
    faces = torch.cat([head_faces + index * len(head) for index in range(3)])
    uv, uv_faces = unwrap_spheres(head.repeat(3, 1), faces, parts)
    spans = [uv[uv_faces[parts[faces[:, 0]] == part]][..., 0] for part in range(3)]
    assert spans[0].max() < spans[1].min()
    assert spans[1].max() < spans[2].min()


def test_corners_stay_what_they_were() -> None:
    points, faces = sphere((0.0, 0.0, 0.0))
    uv, uv_faces = unwrap_spheres(points, faces, torch.zeros(len(points), dtype=torch.long))
    direct = uv_faces == faces
    assert direct.float().mean() > 0.9
    # A copy lies one turn on, at the same height.
    torch.testing.assert_close(uv[uv_faces][..., 1], uv[faces][..., 1])
