"""A ball in the place of the person: what light does to it is known."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.synthetic.figure import Figure, PosedFigure, Surface
from incarnate.capture.synthetic.materials import even_material
from incarnate.capture.synthetic.palette import draw_palette
from incarnate.capture.synthetic.picture import Fragments, Studio, see
from incarnate.capture.synthetic.skin import make_skin_paint
from incarnate.capture.synthetic.visibility import spread_occluders
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics

RADIUS = 0.12


def ball_mesh(rings: int = 48) -> tuple[Tensor, Tensor]:
    """Vertices (metres) and outward triangles of a ball about the origin."""
    polar = torch.linspace(0, torch.pi, rings + 1)[:, None]
    azimuth = torch.arange(2 * rings) * (torch.pi / rings)
    x, z = polar.sin() * azimuth.sin(), polar.sin() * azimuth.cos()
    vertices = RADIUS * torch.stack([x, polar.cos().expand_as(x), z], -1).reshape(-1, 3)
    corner = torch.arange(rings)[:, None] * (2 * rings) + torch.arange(2 * rings)
    right = torch.arange(rings)[:, None] * (2 * rings) + (torch.arange(2 * rings) + 1) % (2 * rings)
    below, below_right = corner + 2 * rings, right + 2 * rings
    upper = torch.stack([corner, below, below_right], -1).reshape(-1, 3)
    lower = torch.stack([corner, below_right, right], -1).reshape(-1, 3)
    return vertices, torch.cat([upper, lower])


def ball_studio(figure: Figure, size: int = 40) -> tuple[Studio, PosedFigure]:
    """A studio whose figure is a ball, seen from one metre."""
    vertices, faces = ball_mesh(24)
    count = len(vertices)
    ball = replace(
        figure,
        faces=faces,
        surfaces=torch.full((len(faces),), int(Surface.SKIN)),
        places=vertices,
        lips=torch.zeros(count),
        tint=torch.zeros(count),
        scalp=torch.full((count,), -1.0),
        receivers=torch.arange(count),
        lit_as=torch.arange(count),
        lifts=torch.full((count,), 4e-3),
    )
    camera = Camera(
        pinhole_intrinsics(0.3, size, size),
        look_at(torch.tensor([0.0, 0.0, 1.0]), torch.zeros(3)),
        size,
        size,
    )
    studio = Studio(
        ball, make_skin_paint(draw_palette(7), 7), spread_occluders(vertices, faces), camera, 2
    )
    eye = torch.eye(3).expand(count, 3, 3)
    return studio, PosedFigure(vertices, vertices / RADIUS, eye, torch.eye(4)[None])


def plain_fragments(
    studio: Studio, posed: PosedFigure, albedo: float, *, roughness: float = 0.5, f0: float = 0.04
) -> Fragments:
    """What the samples see, of one even material, with the ball's true normals."""
    fragments = see(studio, posed)
    colour = (albedo, albedo, albedo)
    material = even_material(len(fragments.samples), colour, roughness, f0)
    places = torch.from_numpy(fragments.weights @ studio.figure.places.numpy())
    return replace(fragments, material=material, normals=_unit(places))


def _unit(vectors: Float[Tensor, "points 3"]) -> Float[Tensor, "points 3"]:
    return torch.nn.functional.normalize(vectors, dim=-1)
