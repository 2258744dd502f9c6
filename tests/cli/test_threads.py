"""Commands use the cores they may use."""

import os
import sys
from collections.abc import Iterator

import pytest
import torch

from incarnate.cli.threads import use_threads


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_given_number_is_used() -> None:
    assert use_threads(1) == 1
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 2), (64, 8)])
def test_zero_takes_the_cores_of_this_process_at_most_eight(
    cores: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    assert use_threads(0) == expected
    assert asked == [expected]


def test_where_no_affinity_is_known_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    # macOS and Windows have no sched_getaffinity.
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    assert use_threads(0) == 3
