from dataclasses import replace

import pytest
import torch

from incarnate.avatars.distilled import (
    Distillation,
    DistilledDecoder,
    DistilledModel,
    KnownPart,
    distill,
    pose_vectors,
)
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.rig import rest_pose

SMALL = DistilledModel(num_components=8, hidden=32, steps=200)


def smooth_outputs(vectors: torch.Tensor) -> torch.Tensor:
    """Attributes that bend smoothly with six inputs; the channels have very different sizes."""
    generator = torch.Generator().manual_seed(5)
    inward = torch.randn(vectors.shape[1], 6, generator=generator) / vectors.shape[1] ** 0.5
    outward = torch.randn(6, 50 * 4, generator=generator)
    sizes = torch.tensor([1.0, 0.01, 0.1, 0.0])
    return 3 + torch.tanh(vectors @ inward).matmul(outward).view(-1, 50, 4) * sizes


@pytest.fixture
def vectors(generator: torch.Generator) -> torch.Tensor:
    vectors = torch.randn(300, 12, generator=generator)
    vectors[:, 3] = 2.0  # An input that never moves.
    return vectors


@pytest.fixture
def fitted(vectors: torch.Tensor) -> Distillation:
    return distill(vectors, smooth_outputs(vectors), SMALL)


def test_new_poses_of_the_same_kind_are_decoded(
    fitted: Distillation, generator: torch.Generator
) -> None:
    new = torch.randn(50, 12, generator=generator)
    new[:, 3] = 2.0
    truth = smooth_outputs(new)
    decoded = torch.stack([fitted.decoder.decode(vector) for vector in new])
    variance = (truth - truth.mean(0)).square().mean((0, 1))
    missed = (decoded - truth).square().mean((0, 1))
    # Six smooth inputs over 300 poses: a tenth of the variance is left at most, in each channel.
    assert bool((missed[:3] < 0.1 * variance[:3]).all())
    torch.testing.assert_close(decoded[..., 3], truth[..., 3])
    assert fitted.variance_kept > 0.999  # Eight components for six ways to vary.
    assert 0.95 < fitted.variance_explained <= fitted.variance_kept


def test_the_basis_is_that_of_a_principal_component_analysis(
    vectors: torch.Tensor, fitted: Distillation
) -> None:
    outputs = smooth_outputs(vectors)
    centered = outputs - outputs.mean(0)
    sizes = centered.square().mean((0, 1)).sqrt().clamp(min=1e-8)
    singular = torch.linalg.svdvals((centered / sizes)[..., :3].flatten(1))
    expected = singular[:2].square().sum() / singular.square().sum()
    two = distill(vectors, outputs, replace(SMALL, num_components=2, steps=0))
    assert two.variance_kept == pytest.approx(float(expected), rel=1e-4)
    torch.testing.assert_close(fitted.decoder.mean, outputs.mean(0))
    # Coefficients have no mean: what is in the middle of all inputs is near the mean's map.
    within = (fitted.decoder.low < 0) & (fitted.decoder.high > 0)
    assert bool(within[:6].all())


def test_training_beats_the_linear_part_alone(vectors: torch.Tensor, fitted: Distillation) -> None:
    linear = distill(vectors, smooth_outputs(vectors), replace(SMALL, steps=0))
    assert linear.variance_explained < fitted.variance_explained - 0.01


def test_far_poses_stay_within_the_range_of_the_fit(
    vectors: torch.Tensor, fitted: Distillation
) -> None:
    outputs = smooth_outputs(vectors)
    far = fitted.decoder.decode(100 * vectors[0])
    reach = (outputs - outputs.mean(0)).abs().amax((0, 1))
    # Each of eight components at the end of its range at once, at worst.
    assert bool(((far - outputs.mean(0)).abs().amax(0) <= 8 * reach + 1e-5).all())


def test_equal_seeds_give_equal_decoders(vectors: torch.Tensor) -> None:
    outputs = smooth_outputs(vectors)
    state = torch.get_rng_state()
    short = replace(SMALL, steps=5)
    first, second = (distill(vectors, outputs, short).decoder for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.decode(vectors[0]), second.decode(vectors[0]))
    half = distill(vectors, outputs.half(), short).decoder
    # Eleven bits of numbers near 3.
    torch.testing.assert_close(half.mean, first.mean, atol=2e-3, rtol=0)


def test_fewer_poses_than_components() -> None:
    vectors, outputs = torch.randn(3, 5), torch.randn(3, 10, 2)
    result = distill(vectors, outputs, replace(SMALL, steps=0))
    assert result.variance_kept == pytest.approx(1, abs=1e-5)
    assert isinstance(result.decoder, DistilledDecoder)


def test_pose_vectors_hold_joints_and_gravity() -> None:
    rig = default_body_rig()
    pose = rest_pose(rig, 2)
    vectors = pose_vectors(rig, pose)
    assert vectors.shape == (2, 9 * (rig.num_joints - 1) + 3)
    torch.testing.assert_close(vectors[:, -3:], torch.tensor([[0.0, -1.0, 0.0]]).expand(2, 3))
    assert not bool(vectors[:, :-3].any())
    joints = pose.joint_rotations.clone()
    joints[0, rig.joint_index("left_index1") - 1] = 1.0
    joints[1, rig.joint_index("left_knee") - 1] = 1.0
    moved = pose_vectors(rig, replace(pose, joint_rotations=joints))
    assert torch.equal(moved[0], vectors[0])
    assert not torch.equal(moved[1], vectors[1])


def test_a_known_part_is_not_learned_but_held_by_the_components(
    vectors: torch.Tensor, generator: torch.Generator
) -> None:
    fields = torch.randn(3, 50, 4, generator=generator) * torch.tensor([1.0, 0.01, 0.1, 0.0])
    # Shares that no function of the vectors foretells.
    shares = torch.rand(len(vectors), 3, generator=generator)
    known = torch.einsum("pf,fsc->psc", shares, fields)
    model = replace(SMALL, num_components=12, steps=0)
    found = distill(
        vectors, smooth_outputs(vectors) + known, model, known=KnownPart(shares, fields)
    )
    plain = distill(vectors, smooth_outputs(vectors) + known, model)
    # What nothing foretells is half of what a linear fit leaves here.
    assert 1 - found.variance_explained < 0.6 * (1 - plain.variance_explained)
    decoder = found.decoder
    again = decoder.compose(found.field_coefficients[1]) - decoder.mean
    # Twelve components for six ways to vary and three fields: nothing of a field is cut off.
    torch.testing.assert_close(again, fields[1], rtol=0.01, atol=0.01)
