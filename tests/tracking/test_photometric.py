"""Alignment with pixels: on drawn clips of a head whose motion and colours are known."""

from dataclasses import replace

import pytest
import torch
from tests.tracking.heads import SeenHead, packed, seen_head

from incarnate.geometry.meshes import vertex_normals
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig
from incarnate.tracking.evidence import Evidence
from incarnate.tracking.head_model import landmark_model
from incarnate.tracking.head_priors import head_prior
from incarnate.tracking.photometric import (
    ClipPictures,
    PhotometricTerm,
    learn_appearance,
    photometric_term,
    shading_terms,
    shrinking,
    shrunk,
)
from incarnate.tracking.sequence import SequenceProblem, fit_sequence

SIDE = 192


def drawn(head: SeenHead, pose: Pose) -> ClipPictures:
    """A spotted skin under a light from above, as a camera would film it."""
    camera = head.camera.resized(SIDE, SIDE)
    waves = torch.tensor([[210.0, 90, 40], [60, 240, 110], [130, 70, 260]])
    skin = 0.5 + 0.2 * torch.sin(head.person.vertices @ waves)
    frames = []
    for i in range(len(pose)):
        vertices = pose_rig(head.person, pose[i]).vertices
        light = 0.8 + 0.2 * vertex_normals(vertices, head.person.faces)[:, 1:2]
        seen = rasterize_mesh(vertices, head.person.faces, camera)
        corners = (skin * light)[head.person.faces[seen.face.clamp(min=0)]]
        color = (corners * seen.barycentric[..., None]).sum(-2)
        rgba = torch.cat([color, seen.covered[..., None].float()], -1)
        frames.append((rgba * 255 + 0.5).to(torch.uint8).movedim(-1, 0))
    return ClipPictures(torch.stack(frames), SIDE / head.camera.width)


@pytest.fixture(scope="module")
def head() -> SeenHead:
    return seen_head(12, shape_spread=0.0)


@pytest.fixture(scope="module")
def pictures(head: SeenHead) -> ClipPictures:
    return drawn(head, head.pose)


@pytest.fixture(scope="module")
def term(head: SeenHead, pictures: ClipPictures) -> PhotometricTerm:
    camera = head.camera.to(torch.float64)
    plain = photometric_term(pictures, head.person, camera, count=400, strength=1.0)
    return learn_appearance(plain, packed(head.pose))


def test_the_appearance_explains_the_clip_it_was_learned_from(term: PhotometricTerm) -> None:
    # Half of the points to within 4 %: pixels are 3 mm wide here, and the spots 12 mm.
    assert float(term.appearance.trust.median()) > 1 / 0.05**2


def test_the_learned_light_comes_from_above(term: PhotometricTerm) -> None:
    # The logarithm of 0.8 + 0.2 y has a slope of about 0.25 by y, less the lift of darkness.
    up = term.appearance.light[1]
    assert bool((up > 0.1).all()), up
    assert bool((up > 2 * term.appearance.light[0].abs()).all())


def test_true_poses_cost_less_than_others(head: SeenHead, term: PhotometricTerm) -> None:
    truth = packed(head.pose)
    true_cost = term.cost(truth)
    for column in range(6):
        moved = truth.clone()
        # Two degrees, or six millimetres.
        moved[:, column] += 0.035 if column < 3 else 0.006
        assert term.cost(moved) > 1.3 * true_cost, column


def test_the_gradient_is_that_of_the_cost(head: SeenHead, term: PhotometricTerm) -> None:
    truth = packed(head.pose)
    moved = truth.clone()
    moved[:, 0] += 0.02
    gradient, curvature = term.equations(moved)
    step = 1e-3
    numeric = [
        (term.cost(moved + step * unit) - term.cost(moved - step * unit)) / (2 * step)
        for unit in torch.eye(truth.shape[1], dtype=torch.float64)[:6]
    ]
    # Gradients are read from smoothed differences, costs from the pictures: alike, not equal.
    ours, theirs = gradient.sum(0)[:6], torch.tensor(numeric, dtype=torch.float64)
    scale = curvature.sum(0).diagonal()[:6].sqrt()
    assert float(torch.cosine_similarity(ours / scale, theirs / scale, dim=0)) > 0.95
    assert bool((torch.linalg.eigvalsh(curvature) > -1e-6 * curvature.abs().amax()).all())


def nodding(rig: Rig, parameters: torch.Tensor) -> torch.Tensor:
    """Nod of the head in each frame, radians about its mean."""
    joints = parameters[:, 3 : 3 + 3 * rig.num_joints].unflatten(-1, (-1, 3))
    nod = parameters[:, 0] + sum(joints[:, rig.joint_index(name), 0] for name in ("neck", "head"))
    return nod - nod.mean()


def test_pixels_undo_what_a_detector_leaves_of_a_nod(
    head: SeenHead, pictures: ClipPictures
) -> None:
    rig, truth = head.person, packed(head.pose)
    lazy = head.pose.joint_rotations.clone()
    lazy[:, rig.joint_index("head") - 1, 0] *= 0.5
    points = rig.landmarks["mediapipe478"].on(
        pose_rig(rig, replace(head.pose, joint_rotations=lazy)).vertices, rig.faces
    )
    prior = head_prior(head.rig, head.seen.times, head.seen.scores, head.seen.score_names)
    pixels = head.camera.project(points).double()
    problem = SequenceProblem(
        landmark_model(rig, rig.landmarks["mediapipe478"]),
        head.camera.to(torch.float64),
        Evidence(pixels, torch.full(pixels.shape[:2], 0.125).double(), sigma=2.0),
        prior,
    )
    start = packed(replace(head.pose, joint_rotations=lazy))
    without = fit_sequence(problem, start, iterations=4)
    aligned = without
    term = photometric_term(pictures, rig, problem.camera, count=400, strength=1.0)
    for _ in range(3):
        term = learn_appearance(term, aligned)
        aligned = fit_sequence(replace(problem, photometric=term), aligned, iterations=2)
    true = nodding(rig, truth)
    shares = [float(nodding(rig, p) @ true / (true @ true)) for p in (without, aligned)]
    # Landmarks and pixels disagree by construction; the pixels win most of what was lost.
    assert shares[0] < 0.6
    assert shares[1] > 0.75, shares


def test_shading_terms_are_orthogonal_and_without_a_constant() -> None:
    generator = torch.Generator().manual_seed(1)
    normals = torch.nn.functional.normalize(
        torch.randn(200_000, 3, generator=generator, dtype=torch.float64), dim=-1
    )
    terms = torch.cat([torch.ones(len(normals), 1, dtype=torch.float64), shading_terms(normals)], 1)
    gram = terms.T @ terms / len(normals)
    scale = gram.diagonal().rsqrt()
    # Monte Carlo: 1/√N is 0.002.
    torch.testing.assert_close(
        gram * scale * scale[:, None], torch.eye(9, dtype=torch.float64), atol=0.01, rtol=0
    )


def test_shrinking_averages_and_bounds_the_memory() -> None:
    picture = torch.zeros(4, 4, 4, dtype=torch.uint8)
    picture[:2, :2] = 200
    assert shrunk(picture, 2)[:, 0, 0].tolist() == [200] * 4
    assert shrunk(picture, 4)[:, 0, 0].tolist() == [50] * 4
    assert shrinking(512, 300) == 2
    factor = shrinking(512, 20_000)
    assert 20_000 * 4 * (512 // factor) ** 2 <= 512 * 2**20
