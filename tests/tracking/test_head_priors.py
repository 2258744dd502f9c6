"""What is expected of heads: gradients agree with costs, scores move the right units."""

import math

import numpy as np
import pytest
import torch
from tests.tracking.heads import random_parameters, seen_head

from incarnate.rigs.embedded import EYE_LOOK_RADIANS, JAW_OPEN_RADIANS, default_head_rig
from incarnate.tracking.head_priors import PosePrior, head_prior, neutral_scores


@pytest.fixture(scope="module")
def prior() -> PosePrior:
    head = seen_head(6)
    return head_prior(head.rig, head.seen.times, head.seen.scores, head.seen.score_names)


def test_the_gradient_is_that_of_the_cost(prior: PosePrior, generator: torch.Generator) -> None:
    # Large enough that some expressions lie outside of their walls.
    parameters = 5 * random_parameters(default_head_rig(), 6, generator)
    with torch.enable_grad():
        leaf = parameters.clone().requires_grad_()
        (expected,) = torch.autograd.grad(prior.cost(leaf).sum(), leaf)
    torch.testing.assert_close(prior.gradient(parameters), expected)


def test_the_curvature_is_the_gradients_derivative(
    prior: PosePrior, generator: torch.Generator
) -> None:
    parameters = 5 * random_parameters(default_head_rig(), 6, generator)
    step = 1e-7
    slope = (prior.gradient(parameters + step) - prior.gradient(parameters - step)) / (2 * step)
    # Quadratic pieces: exact up to rounding of values around 1e4.
    torch.testing.assert_close(prior.curvature(parameters), slope, rtol=1e-5, atol=1e-2)


def test_what_is_expected_costs_nothing(prior: PosePrior) -> None:
    assert float(prior.cost(prior.mean).abs().max()) == 0


def test_scores_are_read_relative_to_the_face_at_rest() -> None:
    scores = np.full((50, 2), 0.2)
    scores[20:25, 0] = 0.9
    scores[:, 1] = 0.8
    # 0.2 is rest; 0.8 throughout is an expression for all but 0.3 of it.
    np.testing.assert_allclose(neutral_scores(scores), [0.2, 0.3])


def test_scores_move_jaw_eyes_and_units() -> None:
    rig = default_head_rig()
    names = ("jawOpen", "eyeLookOutLeft", "eyeLookInRight", "eyeLookUpLeft", "mouthSmileLeft")
    scores = np.zeros((40, 5))
    scores[30] = 1.0
    prior = head_prior(rig, np.arange(40) / 30, scores, names)
    joints = prior.mean[30, 6 : 3 + 3 * rig.num_joints].unflatten(0, (-1, 3))
    left, right = (rig.joint_index(f"{side}_eye_smplhf") - 1 for side in ("left", "right"))
    assert joints[rig.joint_index("jaw") - 1, 0] == pytest.approx(JAW_OPEN_RADIANS)
    # The left eye looks out and the right in: both towards the subject's left, +x, about +y.
    assert joints[left, 1] == pytest.approx(EYE_LOOK_RADIANS["Out"])
    assert joints[right, 1] == pytest.approx(EYE_LOOK_RADIANS["In"])
    assert joints[left, 0] == pytest.approx(-EYE_LOOK_RADIANS["Up"])
    smile = rig.expression_names.index("mouthSmileLeft") - rig.num_expressions
    assert prior.mean[30, smile] == 1
    # Jaw, three turns of eyes, a smile; and the lids follow the three gazes.
    assert prior.mean[30].count_nonzero() == 5 + 3
    assert not prior.mean[0].any()


def test_units_without_a_score_are_held_still() -> None:
    rig = default_head_rig()
    prior = head_prior(rig, np.arange(3) / 30, np.zeros((3, 1)), ("mouthSmileLeft",))
    names = rig.expression_names
    seen = prior.precision[names.index("mouthSmileLeft") - len(names)]
    unseen = prior.precision[names.index("mouthSmileRight") - len(names)]
    assert unseen > 4 * seen


def test_some_frames_of_a_prior_are_those_frames(prior: PosePrior) -> None:
    chosen = torch.tensor([4, 1])
    part = prior[chosen]
    assert torch.equal(part.mean, prior.mean[chosen])
    assert torch.equal(part.times, prior.times[chosen])
    assert math.isclose(float(part.cost(part.mean + 0.01).sum()),
                        float(prior.cost(prior.mean + 0.01)[chosen].sum()))  # fmt: skip
