import torch
from torch import nn

from incarnate.train.named_adam import NamedAdam


def descend(adam: NamedAdam, values: list[nn.Parameter], steps: range) -> None:
    for step in steps:
        sum((value - 1).square().sum() for value in values).backward()  # type: ignore[union-attr]
        adam.step(step)


def make(values: list[nn.Parameter]) -> NamedAdam:
    groups = {"a": values[:1], "b": values[1:], "none": []}
    return NamedAdam(groups, {"a": 0.1, "b": 0.01, "none": 1.0}, steps=40, final_share=0.1)


def parameters() -> list[nn.Parameter]:
    return [nn.Parameter(torch.full((3,), value)) for value in (0.0, 2.0, 3.0)]


def test_a_restored_run_goes_on_bitwise() -> None:
    straight, broken = parameters(), parameters()
    descend(make(straight), straight, range(20))
    first = make(broken)
    descend(first, broken, range(10))
    second = make(broken)
    second.restore(first.state())
    descend(second, broken, range(10, 20))
    for one, other in zip(straight, broken, strict=True):
        assert torch.equal(one, other)


def test_each_name_has_its_rate() -> None:
    values = parameters()
    descend(make(values), values, range(1))
    # Adam's first step is the rate itself.
    torch.testing.assert_close(values[0].detach(), torch.full((3,), 0.1), atol=1e-6, rtol=0)
    torch.testing.assert_close(values[2].detach(), torch.full((3,), 2.99), atol=1e-5, rtol=0)


def test_a_replaced_parameter_inherits_what_it_is_given() -> None:
    values = parameters()
    adam = make(values)
    descend(adam, values, range(1))
    before, shorter = adam.state(), nn.Parameter(values[0].detach()[:2].clone())
    adam.replace("a", shorter, lambda memory: memory[:2])
    assert torch.equal(adam.state()["a/0/exp_avg"], before["a/0/exp_avg"][:2])
    assert torch.equal(adam.state()["a/0/step"], before["a/0/step"])
    descend(adam, [shorter, *values[1:]], range(1, 2))
    assert (shorter > values[0][:2]).all()
