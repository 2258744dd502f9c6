"""Adam survives a change of the number of splats, and a restart."""

import torch
from tests.avatars.people import small_avatar

from incarnate.avatars.files import avatar_from_tensors, avatar_tensors
from incarnate.avatars.head import HeadAvatar
from incarnate.train.optimizer import SplatOptimizer
from incarnate.train.recipes import SMOKE


def pulled(avatar: HeadAvatar, step: int) -> None:
    """Put a deterministic gradient on every parameter."""
    generator = torch.Generator().manual_seed(step)
    for parameter in avatar.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


def test_reindexing_carries_values_and_memory() -> None:
    avatar = small_avatar(num_splats=50)
    optimizer = SplatOptimizer(avatar, SMOKE)
    pulled(avatar, 0)
    optimizer.step(0)
    before = avatar.means.detach().clone()
    memory = optimizer.state()["means/exp_avg"].clone()
    source = torch.tensor([4, 7, 9, 7])
    optimizer.reindex(source, torch.tensor([False, False, False, True]))
    assert avatar.num_splats == 4
    torch.testing.assert_close(avatar.means.detach(), before[source])
    kept = optimizer.state()["means/exp_avg"]
    torch.testing.assert_close(kept[:3], memory[source[:3]])
    assert (kept[3] == 0).all()
    assert avatar.rig_basis.shape[0] == avatar.start_means.shape[0] == 4
    pulled(avatar, 1)
    optimizer.step(1)
    assert not torch.equal(avatar.means.detach(), before[source])


def test_a_restored_optimizer_takes_the_same_steps() -> None:
    avatar = small_avatar(num_splats=40)
    optimizer = SplatOptimizer(avatar, SMOKE)
    pulled(avatar, 0)
    optimizer.step(0)
    copy = avatar_from_tensors(
        avatar.model, avatar.rig, {k: v.clone() for k, v in avatar_tensors(avatar).items()}
    )
    restored = SplatOptimizer(copy, SMOKE)
    restored.restore({name: value.clone() for name, value in optimizer.state().items()})
    for each, its_optimizer in ((avatar, optimizer), (copy, restored)):
        pulled(each, 1)
        its_optimizer.step(1)
    for name, value in avatar_tensors(avatar).items():
        assert torch.equal(value, avatar_tensors(copy)[name]), name


def test_rates_fall_along_the_cosine() -> None:
    moved = []
    for step in (0, SMOKE.steps - 1):
        avatar = small_avatar(num_splats=10)
        before = avatar.means.detach().clone()
        optimizer = SplatOptimizer(avatar, SMOKE)
        pulled(avatar, 0)
        optimizer.step(step)
        moved.append((avatar.means.detach() - before).abs().median())
    # Adam's first step is one learning rate long; positions in float32 resolve 1e-7 m.
    torch.testing.assert_close(
        moved[1] / moved[0], torch.tensor(SMOKE.rates.final), rtol=0.1, atol=0
    )
