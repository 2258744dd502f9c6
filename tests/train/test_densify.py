"""Splitting: children cover their parent and inherit from it; the cap holds."""

from dataclasses import replace

import torch
from tests.avatars.people import small_avatar

from incarnate.train.densify import PullMeter, densification_steps, densify
from incarnate.train.optimizer import SplatOptimizer
from incarnate.train.recipes import QUICK, SMOKE


def test_events_fall_inside_their_window() -> None:
    steps = densification_steps(QUICK)
    plan = QUICK.densification
    assert len(steps) == plan.events
    assert min(steps) >= plan.begin * QUICK.steps
    assert max(steps) < plan.end * QUICK.steps


def test_faded_splats_go_and_pulled_ones_split() -> None:
    avatar = small_avatar(num_splats=100)
    with torch.no_grad():
        avatar.opacity_logits[:10] = -8
        avatar.corrective_basis.normal_()
    recipe = replace(SMOKE, max_splats=98)
    pull = torch.zeros(100)
    pull[:5], pull[50:60] = 9.0, torch.arange(1.0, 11.0)
    parent, basis = avatar.means[59].detach().clone(), avatar.corrective_basis[59].detach().clone()
    densify(avatar, SplatOptimizer(avatar, recipe), pull, recipe)
    # 90 are left, room for eight, a quarter of it (half of the events) an event.
    assert avatar.num_splats == 92
    children = avatar.means.detach()[[49, 91]]
    torch.testing.assert_close(children.mean(0), parent, rtol=0, atol=1e-6)
    assert (children[0] - children[1]).norm() > 1e-4
    torch.testing.assert_close(avatar.corrective_basis.detach()[[49, 91]], basis.expand(2, -1, -1))
    drift = avatar.means.detach() - avatar.start_means
    torch.testing.assert_close(drift, torch.zeros_like(drift), rtol=0, atol=1e-6)


def test_the_cap_holds() -> None:
    avatar = small_avatar(num_splats=100)
    recipe = replace(SMOKE, max_splats=90)
    densify(avatar, SplatOptimizer(avatar, recipe), torch.ones(100), recipe)
    assert avatar.num_splats == 100


def test_pull_is_a_mean_over_the_pictures_that_saw_a_splat() -> None:
    meter = PullMeter(2)
    meter.add(torch.tensor([[3.0, 4, 0], [0, 0, 0]]))
    meter.add(torch.tensor([[0.0, 0, 1], [0, 0, 2]]))
    torch.testing.assert_close(meter.pull(), torch.tensor([3.0, 2.0]))
    again = PullMeter.from_state(meter.state())
    torch.testing.assert_close(again.pull(), meter.pull())
