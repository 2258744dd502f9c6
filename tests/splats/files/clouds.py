"""Clouds of splats for round trips, and what may differ between two of them."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from incarnate.splats.files.cloud import NUM_COEFFICIENTS, SplatCloud, opacities


def random_cloud(count: int = 50, degree: int = 3, seed: int = 0) -> SplatCloud:
    """Splats as heads have them: of millimetres, within a metre; float32."""
    generator = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape).astype(np.float32)

    quaternions = normal(count, 4)
    harmonics = 0.15 * normal(count, NUM_COEFFICIENTS[degree], 3)
    harmonics[:, 0] *= 6
    return SplatCloud(
        means=0.3 * normal(count, 3) + np.array([0.1, 1.5, -0.2], np.float32),
        quaternions=quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True),
        log_scales=0.7 * normal(count, 3) - 5.5,
        opacity_logits=2 * normal(count),
        harmonics=harmonics.clip(-0.99, 0.99),
    )


CLOUDS = st.builds(
    random_cloud, count=st.integers(1, 40), degree=st.integers(0, 3), seed=st.integers(0, 2**31)
)


def covariances(cloud: SplatCloud) -> np.ndarray:
    """R S² Rᵀ: what a splat is, however its axes are named and signed."""
    w, x, y, z = cloud.quaternions.astype(np.float64).T
    rotation = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]).transpose(2, 0, 1)  # fmt: skip
    return np.einsum(
        "nij,nj,nkj->nik", rotation, np.exp(2 * cloud.log_scales.astype(np.float64)), rotation
    )


@dataclass(frozen=True)
class Differences:
    """The largest difference of two clouds in each field."""

    position: float
    """Metres."""
    shape: float
    """Of a covariance, over the square of the splat's longest axis."""
    opacity: float
    """Of 1."""
    colour: float
    """Of the base colour, of 1."""
    harmonics: float
    """Of a coefficient above degree 0."""


def differences(cloud: SplatCloud, other: SplatCloud) -> Differences:
    """Compare clouds of the same order; degrees that only one has are left out."""
    longest = np.exp(2 * cloud.log_scales.astype(np.float64)).max(1)[:, None, None]
    common = min(cloud.harmonics.shape[1], other.harmonics.shape[1])
    harmonics = np.abs(cloud.harmonics[:, :common] - other.harmonics[:, :common])
    return Differences(
        position=float(np.abs(cloud.means - other.means).max()),
        shape=float((np.abs(covariances(cloud) - covariances(other)) / longest).max()),
        opacity=float(
            np.abs(opacities(cloud.opacity_logits) - opacities(other.opacity_logits)).max()
        ),
        colour=float(harmonics[:, 0].max()) * 0.2821,
        harmonics=float(harmonics[:, 1:].max(initial=0.0)),
    )


def check_equal(cloud: SplatCloud, other: SplatCloud) -> None:
    """Equal up to float32 arithmetic: exp and log, sigmoid and logit, unit length."""
    found = differences(cloud, other)
    # A logit of 7 is an opacity of 0.9991, whose float32 step is 6e-8: 1e-6 is arithmetic.
    assert found.position < 1e-6
    assert max(found.shape, found.opacity, found.colour, found.harmonics) < 2e-6
    assert cloud.degree == other.degree
