"""The Inception-v3 by whose features FID is defined, with plain torch functions.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (CVPR 2016), as
TensorFlow published it on 2015-12-05. Names of layers are those of pytorch-fid's file of its
weights (`incarnate.evaluate.inception_weights`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from incarnate.errors import ModelFileError

NUM_FEATURES: Final = 2048
"""Channels of the last block; their means over the picture are the features."""
INPUT_SIZE: Final = 299
"""Height and width in pixels that pictures are brought to."""

# Added to the variances of batch normalisation.
_EPSILON = 1e-3

Pool = Literal["average", "max", "halving"]


@dataclass(frozen=True)
class Layer:
    """A convolution without bias, batch normalisation, ReLU."""

    name: str
    channels: int
    """Of its result."""
    kernel: tuple[int, int] = (1, 1)
    """Rows and columns."""
    stride: int = 1
    padded: Literal["same", "none"] = "same"


@dataclass(frozen=True)
class Branch:
    """A way through a block: layers in a row, then perhaps some side by side."""

    layers: tuple[Layer, ...] = ()
    fork: tuple[Layer, ...] = ()
    """Each reads the result of the row; their results are stacked."""
    pool: Pool | None = None
    """What comes before the first layer."""


@dataclass(frozen=True)
class Block:
    """Branches that read the same; their results are stacked in this order."""

    name: str
    """Prefix of its layers' names."""
    branches: tuple[Branch, ...]


def _row(name: str, *layers: tuple[int, tuple[int, int]], halves: bool = False) -> Branch:
    """Layers NAME_1, NAME_2 ..., each given by channels and kernel; the last may halve the size."""
    last = len(layers)
    return Branch(
        tuple(
            Layer(f"{name}_{i}", channels, kernel, 2, "none")
            if halves and i == last
            else Layer(f"{name}_{i}", channels, kernel)
            for i, (channels, kernel) in enumerate(layers, 1)
        )
    )


def _single(name: str, channels: int, pool: Pool | None = None) -> Branch:
    return Branch((Layer(name, channels),), pool=pool)


def _forked(name: str, *layers: tuple[int, tuple[int, int]]) -> Branch:
    """A row whose last layer is two, of 384 channels each: one along rows, one along columns."""
    last = len(layers) + 1
    fork = Layer(f"{name}_{last}a", 384, (1, 3)), Layer(f"{name}_{last}b", 384, (3, 1))
    return Branch(_row(name, *layers).layers, fork)


_POINT, _SQUARE, _LARGE = (1, 1), (3, 3), (5, 5)
_ALONG, _DOWN = (1, 7), (7, 1)


def _fine(name: str, pooled: int) -> Block:
    """At 35 × 35: 5 × 5 and twice 3 × 3."""
    return Block(
        name,
        (
            _single("branch1x1", 64),
            _row("branch5x5", (48, _POINT), (64, _LARGE)),
            _row("branch3x3dbl", (64, _POINT), (96, _SQUARE), (96, _SQUARE)),
            _single("branch_pool", pooled, "average"),
        ),
    )


def _middle(name: str, inner: int) -> Block:
    """At 17 × 17: 7 × 7 as a row after a column, once and twice."""
    return Block(
        name,
        (
            _single("branch1x1", 192),
            _row("branch7x7", (inner, _POINT), (inner, _ALONG), (192, _DOWN)),
            _row("branch7x7dbl", (inner, _POINT), (inner, _DOWN), (inner, _ALONG), (inner, _DOWN),
                 (192, _ALONG)),
            _single("branch_pool", 192, "average"),
        ),
    )  # fmt: skip


def _coarse(name: str, pool: Pool) -> Block:
    """At 8 × 8: 3 × 3 as a row beside a column."""
    return Block(
        name,
        (
            _single("branch1x1", 320),
            _forked("branch3x3", (384, _POINT)),
            _forked("branch3x3dbl", (448, _POINT), (384, _SQUARE)),
            _single("branch_pool", 192, pool),
        ),
    )


_HALVING: Final = Branch(pool="halving")
BLOCKS: Final[tuple[Block, ...]] = (
    Block(
        "",
        (
            Branch(
                (
                    Layer("Conv2d_1a_3x3", 32, _SQUARE, 2, "none"),
                    Layer("Conv2d_2a_3x3", 32, _SQUARE, 1, "none"),
                    Layer("Conv2d_2b_3x3", 64, _SQUARE),
                )
            ),
        ),
    ),
    Block(
        "",
        (
            Branch(
                (
                    Layer("Conv2d_3b_1x1", 80),
                    Layer("Conv2d_4a_3x3", 192, _SQUARE, 1, "none"),
                ),
                pool="halving",
            ),
        ),
    ),
    Block("", (_HALVING,)),
    _fine("Mixed_5b", 32),
    _fine("Mixed_5c", 64),
    _fine("Mixed_5d", 64),
    Block(
        "Mixed_6a",
        (
            Branch((Layer("branch3x3", 384, _SQUARE, 2, "none"),)),
            _row("branch3x3dbl", (64, _POINT), (96, _SQUARE), (96, _SQUARE), halves=True),
            _HALVING,
        ),
    ),
    _middle("Mixed_6b", 128),
    _middle("Mixed_6c", 160),
    _middle("Mixed_6d", 160),
    _middle("Mixed_6e", 192),
    Block(
        "Mixed_7a",
        (
            _row("branch3x3", (192, _POINT), (320, _SQUARE), halves=True),
            _row("branch7x7x3", (192, _POINT), (192, _ALONG), (192, _DOWN), (192, _SQUARE),
                 halves=True),
            _HALVING,
        ),
    ),
    _coarse("Mixed_7b", "average"),
    # The published graph takes the largest here and the mean everywhere else; whatever was meant,
    # its figures are those that papers print.
    _coarse("Mixed_7c", "max"),
)  # fmt: skip


def layer_shapes() -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """Name and shape of each convolution's kernel: channels out, in, rows, columns."""
    inputs = 3
    for block in BLOCKS:
        outputs = 0
        for branch in block.branches:
            channels = inputs
            for layer in branch.layers:
                yield _path(block, layer), (layer.channels, channels, *layer.kernel)
                channels = layer.channels
            for layer in branch.fork:
                yield _path(block, layer), (layer.channels, channels, *layer.kernel)
            outputs += sum(layer.channels for layer in branch.fork) or channels
        inputs = outputs
    assert inputs == NUM_FEATURES


class Inception:
    """Features of pictures by FID's network."""

    def __init__(self, tensors: Mapping[str, Tensor], origin: str) -> None:
        """Take the weights.

        Args:
            tensors: By the names of pytorch-fid's file. What features do not need, the classes
                and counters of training, may lack.
            origin: Where they are from, for errors.

        Raises:
            ModelFileError: A tensor is missing or has another shape.
        """
        self._layers = {
            name: _folded(name, shape, tensors, origin) for name, shape in layer_shapes()
        }

    @torch.inference_mode()
    def __call__(
        self, pictures: Float[Tensor, "batch height width 3"]
    ) -> Float[Tensor, "batch 2048"]:
        """Features of display-encoded pictures in [0, 1], brought to `INPUT_SIZE` each way.

        As in pytorch-fid: bilinear, not smoothed where it shrinks, aspect not kept.
        """
        values = functional.interpolate(
            pictures.float().movedim(-1, 1),
            size=(INPUT_SIZE, INPUT_SIZE),
            mode="bilinear",
            align_corners=False,
        )
        return self.blocks(2 * values - 1).mean((2, 3))

    def blocks(
        self, values: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch 2048 rows columns"]:
        """The last feature maps of pictures in [−1, 1]."""
        for block in BLOCKS:
            values = torch.cat(
                [self._through(block, branch, values) for branch in block.branches], 1
            )
        return values

    def _through(self, block: Block, branch: Branch, values: Tensor) -> Tensor:
        if branch.pool is not None:
            values = pooled(values, branch.pool)
        for layer in branch.layers:
            values = self._convolved(block, layer, values)
        if not branch.fork:
            return values
        return torch.cat([self._convolved(block, layer, values) for layer in branch.fork], 1)

    def _convolved(self, block: Block, layer: Layer, values: Tensor) -> Tensor:
        kernel, bias = self._layers[_path(block, layer)]
        rows, columns = layer.kernel if layer.padded == "same" else (1, 1)
        padding = (rows // 2, columns // 2)
        return functional.conv2d(values, kernel, bias, layer.stride, padding).relu_()


def pooled(
    values: Float[Tensor, "batch channels height width"], pool: Pool
) -> Float[Tensor, "batch channels rows columns"]:
    """Values gathered over 3 × 3 pixels; ``halving`` takes the largest of every second window.

    The mean counts only pixels inside the picture, as TensorFlow's does.
    """
    match pool:
        case "average":
            return functional.avg_pool2d(values, 3, 1, 1, count_include_pad=False)
        case "max":
            return functional.max_pool2d(values, 3, 1, 1)
        case "halving":
            return functional.max_pool2d(values, 3, 2)


def _path(block: Block, layer: Layer) -> str:
    return f"{block.name}.{layer.name}".lstrip(".")


def _folded(
    name: str, shape: tuple[int, ...], tensors: Mapping[str, Tensor], origin: str
) -> tuple[Float[Tensor, "out in rows columns"], Float[Tensor, "out"]]:
    """Kernel and bias that do what convolution and batch normalisation do together."""
    kernel, scale, shift, mean, variance = (
        _checked(f"{name}.{part}", wanted, tensors, origin).double()
        for part, wanted in (
            ("conv.weight", shape),
            *((f"bn.{part}", shape[:1])
              for part in ("weight", "bias", "running_mean", "running_var")),
        )
    )  # fmt: skip
    scale = scale * torch.rsqrt(variance + _EPSILON)
    return (kernel * scale[:, None, None, None]).float(), (shift - mean * scale).float()


def _checked(
    name: str, shape: tuple[int, ...], tensors: Mapping[str, Tensor], origin: str
) -> Tensor:
    if name not in tensors:
        found = "missing"
    elif tensors[name].shape == shape:
        return tensors[name]
    else:
        found = f"of shape {tuple(tensors[name].shape)}"
    raise ModelFileError(
        f"the weights of {origin} are not those of FID's Inception network: {name} is {found}, "
        f"expected {shape}. Give the file that pytorch-fid publishes."
    )
