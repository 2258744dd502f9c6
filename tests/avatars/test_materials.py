"""Bounded materials: encode and decode are inverse, and nothing leaves its bounds."""

import torch

from incarnate.avatars.materials import ROUGHNESS_RANGE, decode_bounded, encode_bounded


def test_decoding_inverts_encoding() -> None:
    values = torch.linspace(0.21, 0.94, 50, dtype=torch.float64)
    back = decode_bounded(encode_bounded(values, ROUGHNESS_RANGE), ROUGHNESS_RANGE)
    # Exact but for the rounding of logit and sigmoid.
    torch.testing.assert_close(back, values, rtol=0, atol=1e-12)


def test_decoded_values_stay_within_bounds() -> None:
    low, high = ROUGHNESS_RANGE
    decoded = decode_bounded(torch.tensor([-1e4, -3.0, 0.0, 3.0, 1e4]), ROUGHNESS_RANGE)
    assert (decoded >= low).all()
    assert (decoded <= high).all()
    assert decoded[2] == (low + high) / 2


def test_values_at_the_bounds_have_finite_logits() -> None:
    logits = encode_bounded(torch.tensor([-1.0, *ROUGHNESS_RANGE, 2.0]), ROUGHNESS_RANGE)
    assert logits.isfinite().all()
