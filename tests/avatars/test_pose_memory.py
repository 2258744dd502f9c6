import pytest
import torch

from incarnate.avatars.pose_memory import PoseMemory, choose_keys, kernel_width


@pytest.fixture
def memory(generator: torch.Generator) -> PoseMemory:
    keys = torch.arange(6.0)[:, None].repeat(1, 3) * 0.02
    memory = PoseMemory(keys, channels=2, size=4, width=0.01)
    memory.fields.data.normal_(generator=generator)
    return memory


def test_is_empty_before_training() -> None:
    memory = PoseMemory(torch.zeros(3, 5), channels=2, size=4, width=0.01)
    assert memory(torch.zeros(5)).abs().max() == 0


def test_a_key_recalls_itself_most_and_the_rest_by_distance(memory: PoseMemory) -> None:
    shares = memory.shares(memory.keys[2])
    assert shares.argmax() == 2
    assert shares[1] == pytest.approx(float(shares[3]), rel=1e-4)
    assert shares[1] > shares[0] > shares[5]
    assert 0 < float(shares.sum()) <= 1


def test_a_far_pose_recalls_nothing(memory: PoseMemory) -> None:
    # 0.5 m away is 50 widths: no memory outweighs that of nothing.
    assert memory(memory.keys[0] + 0.5).abs().max() < 1e-6


def test_a_lone_kernel_has_half_its_share_at_its_range() -> None:
    memory = PoseMemory(torch.zeros(1, 1), channels=1, size=2, width=0.01)
    # Three widths away, where the memory of nothing weighs as much.
    assert float(memory.shares(torch.tensor([0.03])).sum()) == pytest.approx(0.5, abs=1e-5)


def test_a_pose_recalls_all_or_nothing_but_in_between_smoothly() -> None:
    memory = PoseMemory(torch.zeros(1, 1), channels=1, size=2, width=0.01)
    path = torch.linspace(0, 0.06, 601)
    sums = torch.stack([memory.shares(at[None]).sum() for at in path])
    # Never less near than far, beyond the rounding of values near one.
    assert sums.diff().max() < 1e-6
    # A third of a width to either side of the range: odds of e to one, to the sixth power.
    assert sums[267] > 0.99
    assert sums[333] < 0.01
    # Its slope is steepest at the range: 6 · 3 / 4 a width, and a step is a hundredth of a width.
    assert sums.diff().abs().max() < 0.046


def test_practice_leaves_out_the_nearest_or_all(memory: PoseMemory) -> None:
    signature = memory.keys[2]
    others = memory.shares(signature, "others")
    assert others[2] == 0
    assert others[1] > 0
    assert memory(signature, "nothing").abs().max() == 0


def test_reading_few_maps_is_reading_all(memory: PoseMemory) -> None:
    shares = memory.shares(memory.keys[3])
    plain = torch.einsum("k,kschw->schw", shares, memory.fields)
    # Shares under 1e-4 are left out, of values of about unit size.
    torch.testing.assert_close(memory(memory.keys[3]), plain, atol=1e-3, rtol=0)


def test_moves_smoothly_between_keys(memory: PoseMemory) -> None:
    path = torch.linspace(0, 0.1, 201)[:, None].repeat(1, 3)
    with torch.no_grad():
        maps = torch.stack([memory(at) for at in path])
    jumps = (maps[1:] - maps[:-1]).abs().amax((1, 2, 3, 4))
    # Each step is 0.087 widths; a blend of unit maps cannot change faster than about that.
    assert jumps.max() < 0.3


def test_few_poses_are_all_keys_and_many_spread(generator: torch.Generator) -> None:
    poses = torch.randn(40, 3, generator=generator)
    assert choose_keys(poses, 50).tolist() == list(range(40))
    keys = choose_keys(poses, 10)
    assert len(set(keys.tolist())) == 10
    # Farthest points cover the set: no pose is farther from a key than keys are apart.
    to_key = torch.cdist(poses, poses[keys]).amin(1).max()
    between = torch.cdist(poses[keys], poses[keys]).fill_diagonal_(torch.inf).amin()
    assert to_key <= between + 1e-6


def test_the_kernel_is_as_wide_as_keys_are_apart() -> None:
    keys = torch.arange(5.0)[:, None] * 0.02
    assert kernel_width(keys, 0.5) == pytest.approx(0.01)
    assert kernel_width(keys[:1], 0.5) > 0
    assert kernel_width(torch.zeros(3, 2), 0.5) > 0


def test_details_come_as_far_as_anything_is_recalled() -> None:
    memory = PoseMemory(torch.zeros(1, 1), channels=2, size=4, width=0.01, num_splats=3)
    painted = torch.arange(6.0).view(3, 2)
    assert torch.equal(memory.detailed(painted, torch.zeros(1)), painted)
    assert memory.details is not None
    memory.details.data.fill_(1.0)
    near, half, far = (memory.detailed(painted, torch.tensor([x])) for x in (0.0, 0.03, 1.0))
    torch.testing.assert_close(near, painted + memory.shares(torch.zeros(1)).sum())
    torch.testing.assert_close(half, painted + 0.5)
    assert torch.equal(far, painted)
    assert torch.equal(memory.detailed(painted, torch.zeros(1), "nothing"), painted)
