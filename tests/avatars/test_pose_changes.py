import torch

from incarnate.avatars.pose_changes import POSE_CHANNELS, bounded, decode_changes


def test_zero_paint_changes_nothing() -> None:
    changes = decode_changes(torch.zeros(5, POSE_CHANNELS))
    assert all(float(value.abs().max()) == 0 for value in vars(changes).values())


def test_offsets_are_centimetres_and_never_leave_their_bounds() -> None:
    painted = torch.zeros(1, POSE_CHANNELS)
    painted[0, 3] = 1.0
    # One unit is three centimetres; tanh takes 1.3 % of it.
    assert abs(float(decode_changes(painted).offsets[0, 0]) - 0.03) < 5e-4
    painted[0, 3:6] = 1e4
    # float32 rounds 0.15 up by 6e-9.
    assert float(decode_changes(painted).offsets.abs().max()) <= 0.15 + 1e-8


def test_bounded_is_smooth_and_odd() -> None:
    values = torch.linspace(-50, 50, 1001, dtype=torch.float64, requires_grad=True)
    result = bounded(values, 0.1, 0.5)
    (slope,) = torch.autograd.grad(result.sum(), values)
    assert (slope >= 0).all()
    assert float(slope.detach().max()) == 0.1
    torch.testing.assert_close(result.detach(), -result.detach().flip(0))
