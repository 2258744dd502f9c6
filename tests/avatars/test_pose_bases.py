from dataclasses import replace

import torch
from tests.avatars.tiny_networks import TINY, awake, condition_for

from incarnate.avatars.pose_bases import PoseBases

MODEL = replace(TINY, kind="bases", view_channels=0)


def test_paints_nothing_before_training_but_learns_from_the_first_step() -> None:
    network = PoseBases(MODEL)
    painted = network(condition_for(MODEL))
    assert float(painted.detach().abs().max()) == 0
    (painted - 1).square().sum().backward()
    assert network.weigh.weight.grad is not None
    assert float(network.weigh.weight.grad.abs().max()) > 0


def test_all_poses_lie_in_the_span_of_the_bases() -> None:
    network = PoseBases(MODEL)
    awake(network)
    with torch.no_grad():
        painted = torch.stack([network(condition_for(MODEL)).flatten() for _ in range(20)])
    # Eight bases: the ninth singular value is rounding.
    values = torch.linalg.svdvals(painted)
    assert values[MODEL.max_channels] < 1e-4 * values[0]
    assert values[3] > 1e-3 * values[0]
