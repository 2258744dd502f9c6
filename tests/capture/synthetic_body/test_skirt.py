"""How a skirt is cut."""

import numpy as np
import torch

from incarnate.capture.synthetic_body.doll import Doll
from incarnate.capture.synthetic_body.skirt import HEM, WAIST, grow_skirt
from incarnate.geometry.closest_points import closest_surface_points
from incarnate.geometry.meshes import face_normals
from incarnate.geometry.rotations import matrix_from_axis_angle


def test_it_is_a_tube_that_looks_outward(doll: Doll) -> None:
    skirt = doll.dresser.skirt
    edges = np.sort(np.concatenate([skirt.faces[:, [i, (i + 1) % 3]] for i in range(3)]), axis=1)
    kinds, uses = np.unique(edges, axis=0, return_counts=True)
    # Euler: a tube has V − E + F = 0, and two rims of 48 edges.
    assert len(skirt.rest) - len(kinds) + len(skirt.faces) == 0
    assert (uses == 1).sum() == 2 * 48
    rest = torch.from_numpy(skirt.rest)
    normals = face_normals(rest, torch.from_numpy(skirt.faces))
    middles = rest[torch.from_numpy(skirt.faces)].mean(1) - rest.mean(0)
    outward = (normals[:, [0, 2]] * middles[:, [0, 2]]).sum(1)
    assert (outward > 0).float().mean() > 0.97


def test_it_reaches_from_waist_to_hem_and_widens(doll: Doll) -> None:
    rest = doll.dresser.skirt.rest.reshape(16, 48, 3)
    assert np.allclose(rest[0, :, 1], WAIST)
    assert np.allclose(rest[-1, :, 1], HEM)
    round_about = np.linalg.norm(np.roll(rest, -1, 1) - rest, axis=-1).sum(1)
    assert round_about[-1] > 1.6 * round_about[0]


def test_it_is_cut_outside_the_body(doll: Doll) -> None:
    skirt, rig = doll.dresser.skirt, doll.dresser.rig
    below = torch.from_numpy(skirt.rest[skirt.num_held :]).float()
    face, weights, _ = closest_surface_points(below, rig.vertices, rig.faces)
    foot = (rig.vertices[rig.faces[face]] * weights[..., None]).sum(1)
    height = ((below - foot) * face_normals(rig.vertices, rig.faces[face])).sum(-1)
    assert (height > 0).float().mean() > 0.99


def test_what_is_sewn_rides_on_the_body(doll: Doll) -> None:
    skirt, rig = doll.dresser.skirt, doll.dresser.rig
    still = skirt.sewn.on(rig.vertices, rig.faces)
    # The foot of a point is its nearest, so the height along the normal leads back, but at edges.
    rest = torch.from_numpy(skirt.rest[: skirt.num_held]).float()
    assert (still - rest).norm(dim=-1).quantile(0.9) < 3e-3
    turn = matrix_from_axis_angle(torch.tensor([0.3, 1.0, -0.4]))
    turned = skirt.sewn.on(rig.vertices @ turn.T + 1, rig.faces)
    assert torch.allclose(turned, still @ turn.T + 1, atol=1e-5)


def test_every_vertex_hangs_from_the_waist(doll: Doll) -> None:
    skirt = doll.dresser.skirt
    offset = np.linalg.norm(skirt.rest - skirt.rest[skirt.cloth.anchors], axis=1)
    assert (offset[skirt.num_held :] <= skirt.cloth.reaches[skirt.num_held :, 0]).all()
    assert (skirt.cloth.anchors < skirt.num_held).all()
    assert (skirt.cloth.inverse_masses[:, 0] == 0).sum() == skirt.num_held


def test_seeds_draw_the_pleats(doll: Doll) -> None:
    rig = doll.dresser.rig
    again, other = (grow_skirt(rig, columns=48, rows=16, seed=seed) for seed in (7, 8))
    assert np.array_equal(again.rest, doll.dresser.skirt.rest)
    assert np.abs(other.rest - again.rest).max() > 5e-3
