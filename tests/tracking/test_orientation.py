"""The head's turns as evidence: derivatives, and what the detector's shortfall and axes leave."""

import torch
from torch import Tensor

from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.embedded import default_head_rig
from incarnate.tracking.head_model import LandmarkModel, landmark_model
from incarnate.tracking.orientation import HeadOrientation, expected_orientation, head_rotations


def model_and_parameters(frames: int) -> tuple[LandmarkModel, Tensor]:
    rig = default_head_rig()
    model = landmark_model(rig, rig.landmarks["mediapipe478"])
    generator = torch.Generator().manual_seed(0)
    parameters = torch.zeros(frames, model.num_parameters, dtype=torch.float64)
    spread = 0.2 * torch.randn(frames, 6, generator=generator, dtype=torch.float64)
    neck, head = (6 + 3 * (rig.joint_index(name) - 1) for name in ("neck", "head"))
    parameters[:, neck : neck + 3], parameters[:, head : head + 3] = spread.split(3, -1)
    return model, parameters


def test_equations_are_the_derivatives_of_the_cost() -> None:
    model, parameters = model_and_parameters(3)
    near = head_rotations(model, parameters) @ matrix_from_axis_angle(
        torch.tensor([0.02, -0.01, 0.03], dtype=torch.float64)
    )
    term = HeadOrientation(model, near, 0.05)
    gradient, curvature = term.equations(parameters)
    for parameter in (0, 6, 9, 11):
        step = torch.zeros_like(parameters)
        step[:, parameter] = 1e-5
        up, down = term.cost(parameters + step), term.cost(parameters - step)
        # Central differences of a smooth function: 1e-5² times its third derivative.
        torch.testing.assert_close((up - down) / 2e-5, gradient[:, parameter], atol=1e-5, rtol=1e-5)
    # At the expected rotation, Gauss and Newton agree.
    exact = HeadOrientation(model, head_rotations(model, parameters), 0.05)
    gradient, curvature = exact.equations(parameters)
    assert float(gradient.abs().max()) < 1e-9
    step = torch.zeros_like(parameters)
    step[:, 9] = 1e-4
    second = (exact.cost(parameters + step) + exact.cost(parameters - step)) / 1e-8
    torch.testing.assert_close(second, curvature[:, 9, 9], atol=0, rtol=1e-5)


def test_expressions_and_place_are_no_turns() -> None:
    model, parameters = model_and_parameters(2)
    term = HeadOrientation(model, head_rotations(model, parameters), 0.01)
    parameters[:, 3:6] += 0.1
    parameters[:, -5:] += 0.3
    assert float(term.cost(parameters).max()) < 1e-12


def test_turns_come_back_whatever_constant_turn_and_shortfall_the_detector_has() -> None:
    model, parameters = model_and_parameters(40)
    # Turns of the head joint alone, about one axis at a time: then a shortfall is a plain factor.
    parameters[:, 6:9] = 0
    axis = torch.arange(40) % 3
    turns = torch.nn.functional.one_hot(axis, 3) * parameters[:, 9:12]
    turns = turns - turns.mean(0)
    parameters[:, 9:12] = turns
    shown = (0.8, 1.1, 1.0)
    camera = matrix_from_axis_angle(torch.tensor([3.0, 0.2, 0.1], dtype=torch.float64))
    detected = camera @ matrix_from_axis_angle(turns * turns.new_tensor(shown))
    term = expected_orientation(model, detected, parameters, shown=shown, deviation=0.01)
    off = term.rotation.transpose(-1, -2) @ head_rotations(model, parameters)
    angle = ((off.diagonal(dim1=1, dim2=2).sum(-1) - 1) / 2).clamp(-1, 1).arccos()
    # Means of rotations are not exactly where turns average to zero: a third order of 0.2 rad.
    assert float(torch.rad2deg(angle).max()) < 1.0
    few = term[torch.tensor([3, 5])]
    torch.testing.assert_close(few.rotation, term.rotation[[3, 5]])
