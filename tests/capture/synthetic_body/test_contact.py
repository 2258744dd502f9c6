"""What cloth feels of a body, on a ball whose surface is known."""

import numpy as np
from tests.capture.synthetic.sphere import RADIUS, ball_mesh

from incarnate.capture.synthetic_body.contact import MARGIN, Obstacle


def ball() -> Obstacle:
    vertices, faces = ball_mesh()
    return Obstacle(vertices.double().numpy(), faces.numpy())


def around(rng: np.random.Generator, radius: float) -> np.ndarray:
    # Away from the poles, whose slivers of triangles have no certain side.
    directions = rng.normal(size=(200, 3)) * [1.0, 0.3, 1.0]
    return radius * directions / np.linalg.norm(directions, axis=1, keepdims=True)


def test_what_is_inside_is_pushed_to_the_margin(rng: np.random.Generator) -> None:
    for depth in (-0.004, 0.0, 0.01, 0.03):
        points = around(rng, RADIUS - depth)
        ball().contact(points).push_out(points)
        # Facets of the ball lie a thousandth inside it, and a plane beside its foot cuts off as
        # little again.
        assert np.allclose(np.linalg.norm(points, axis=1), RADIUS + MARGIN, atol=1e-3)


def test_what_is_clear_stays(rng: np.random.Generator) -> None:
    for height in (0.007, 0.03, 0.3):
        points = around(rng, RADIUS + height)
        before = points.copy()
        ball().contact(points).push_out(points)
        assert np.array_equal(points, before)


def test_normals_look_outward(rng: np.random.Generator) -> None:
    points = around(rng, RADIUS + 0.01)
    contact = ball().contact(points)
    assert contact.near.all()
    outward = (contact.normals * points).sum(1) / np.linalg.norm(points, axis=1)
    assert outward.min() > 0.99
    assert not ball().contact(around(rng, RADIUS + 0.06)).near.any()
