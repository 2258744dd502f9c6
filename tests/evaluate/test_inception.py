"""FID's network: its layers, what sets it apart from other Inceptions, and figures of others."""

import math

import pytest
import torch
from tests.evaluate.inception_layout import formula_weights
from tests.evaluate.test_lpips import drawn_pair

from incarnate.errors import ModelFileError
from incarnate.evaluate.inception import (
    BLOCKS,
    INPUT_SIZE,
    NUM_FEATURES,
    Inception,
    layer_shapes,
    pooled,
)

# As the published file has them; rows go before columns.
SHAPES = {
    "Conv2d_1a_3x3": (32, 3, 3, 3),
    "Conv2d_2b_3x3": (64, 32, 3, 3),
    "Conv2d_3b_1x1": (80, 64, 1, 1),
    "Conv2d_4a_3x3": (192, 80, 3, 3),
    "Mixed_5b.branch5x5_2": (64, 48, 5, 5),
    "Mixed_5b.branch_pool": (32, 192, 1, 1),
    "Mixed_5c.branch1x1": (64, 256, 1, 1),
    "Mixed_5d.branch3x3dbl_3": (96, 96, 3, 3),
    "Mixed_6a.branch3x3": (384, 288, 3, 3),
    "Mixed_6a.branch3x3dbl_3": (96, 96, 3, 3),
    "Mixed_6b.branch7x7_2": (128, 128, 1, 7),
    "Mixed_6c.branch7x7dbl_2": (160, 160, 7, 1),
    "Mixed_6e.branch7x7dbl_5": (192, 192, 1, 7),
    "Mixed_7a.branch3x3_2": (320, 192, 3, 3),
    "Mixed_7a.branch7x7x3_3": (192, 192, 7, 1),
    "Mixed_7b.branch1x1": (320, 1280, 1, 1),
    "Mixed_7b.branch3x3_2a": (384, 384, 1, 3),
    "Mixed_7c.branch3x3dbl_1": (448, 2048, 1, 1),
    "Mixed_7c.branch3x3dbl_3b": (384, 384, 3, 1),
    "Mixed_7c.branch_pool": (192, 2048, 1, 1),
}
# Mean of all features, then these, of the two pictures of `drawn_pair`. Written down from
# pytorch-fid 0.3.0 (on the layers of torchvision 0.29.1, torch 2.13, CPU) with `formula_weights`.
CHANNELS = (320, 700, 1000, 1300, 1700, 2047)
PUBLISHED = {
    (64, 80): (
        (2.93221022, 5.03579569, 1.93374634, 0.02140763, 0.43719473, 4.79152107, 1.73569202),
        (2.76421654, 4.52558775, 1.89260662, 0.01969250, 0.36852702, 4.64647150, 1.76503420),
    ),
    (320, 300): (
        (3.49668773, 5.74240589, 2.66395473, 0.01792353, 0.50261915, 5.61852884, 1.58838224),
        (3.74686544, 6.14392948, 3.06421161, 0.03597877, 0.36710212, 6.09986020, 1.65205085),
    ),
}


@pytest.fixture(scope="module")
def network() -> Inception:
    return Inception(formula_weights(), "a formula")


def pictures(height: int, width: int) -> torch.Tensor:
    return torch.stack(drawn_pair(height, width))


def test_layers_have_the_published_shapes() -> None:
    shapes = dict(layer_shapes())
    assert {name: shapes[name] for name in SHAPES} == SHAPES
    assert len(shapes) == 94


def test_as_many_parameters_as_are_known() -> None:
    # 23,834,568 of torchvision's Inception-v3 without its auxiliary classifier, less 1,000 classes.
    count = sum(math.prod(shape) + 2 * shape[0] for _, shape in layer_shapes())
    assert count == 23_834_568 - 1000 * 2049 == 21_785_568


def test_the_last_block_alone_takes_the_largest() -> None:
    pools = {block.name: [branch.pool for branch in block.branches] for block in BLOCKS}
    assert pools.pop("Mixed_7c") == [None, None, None, "max"]
    assert not any("max" in kinds for kinds in pools.values())
    assert sum("average" in kinds for kinds in pools.values()) == 8


@pytest.mark.parametrize("size", PUBLISHED)
def test_agrees_with_the_published_implementation(
    network: Inception, size: tuple[int, int]
) -> None:
    features = network(pictures(*size))
    found = torch.cat([features.mean(1, keepdim=True), features[:, CHANNELS]], 1)
    # Float32 in another order of summation, batch normalisation folded: 4e-7 of the features'
    # length, which small ones feel more.
    torch.testing.assert_close(found, torch.tensor(PUBLISHED[size]), rtol=2e-5, atol=2e-6)


def test_features_do_not_depend_on_the_batch(network: Inception) -> None:
    both = pictures(64, 80)
    alone = torch.cat([network(picture[None]) for picture in both])
    # Sums may be taken in another order.
    torch.testing.assert_close(network(both), alone, rtol=1e-4, atol=1e-5)


def test_maps_shrink_as_the_paper_says(network: Inception) -> None:
    with torch.no_grad():
        maps = network.blocks(torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE))
    assert maps.shape == (1, NUM_FEATURES, 8, 8)


def test_pictures_are_brought_to_size_without_smoothing(network: Inception) -> None:
    # Doubled exactly: half-pixel centres, aligned as in files; each target pixel lies between two.
    picture = pictures(2 * INPUT_SIZE, 2 * INPUT_SIZE)
    quarters = torch.stack([picture[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])
    torch.testing.assert_close(network(picture), network(quarters.mean(0)), rtol=1e-4, atol=1e-4)
    # A smoothing filter would make a pixel's checks grey; every third is sampled as it is.
    checks = torch.zeros(1, 3 * INPUT_SIZE, 3 * INPUT_SIZE, 3)
    checks[:, 1::3, 1::3] = 1
    torch.testing.assert_close(network(checks), network(torch.ones(1, INPUT_SIZE, INPUT_SIZE, 3)))


def test_a_mean_counts_only_pixels_of_the_picture(generator: torch.Generator) -> None:
    values = torch.rand(1, 2, 4, 5, generator=generator)
    for row in range(4):
        for column in range(5):
            window = values[..., max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            mean, largest = (pooled(values, pool)[..., row, column] for pool in ("average", "max"))
            torch.testing.assert_close(mean, window.mean((2, 3)))
            torch.testing.assert_close(largest, window.amax((2, 3)))


def test_halving_takes_every_second_window(generator: torch.Generator) -> None:
    values = torch.rand(1, 2, 7, 5, generator=generator)
    halved = pooled(values, "halving")
    assert halved.shape == (1, 2, 3, 2)
    torch.testing.assert_close(halved[..., 1, 1], values[..., 2:5, 2:5].amax((2, 3)))


def test_other_weights_are_refused() -> None:
    tensors = formula_weights()
    tensors["Mixed_7a.branch3x3_2.conv.weight"] = torch.zeros(320, 192, 1, 3)
    with pytest.raises(ModelFileError) as caught:
        Inception(tensors, "w.pth")
    assert str(caught.value) == (
        "the weights of w.pth are not those of FID's Inception network: "
        "Mixed_7a.branch3x3_2.conv.weight is of shape (320, 192, 1, 3), expected "
        "(320, 192, 3, 3). Give the file that pytorch-fid publishes."
    )
    del tensors["Conv2d_1a_3x3.bn.running_var"]
    with pytest.raises(ModelFileError, match=r"1a_3x3.bn.running_var is missing, expected \(32,\)"):
        Inception(tensors, "w.pth")
