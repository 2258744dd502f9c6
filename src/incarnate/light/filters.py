"""How an environment is filtered: linear maps from its radiance to octahedral maps.

A lobe is summed over all texels of a copy of the map that is just fine enough for it; sharp ones
read a fixed set of directions instead, each from a copy whose texels are as large as what the
direction stands for (Křivánek and Colbert 2008, "Real-time shading with filtered importance
sampling"). For a small map (a learned light) all of it is one matrix, built once for its size.
"""

import functools
from dataclasses import dataclass, replace

import scipy.sparse
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.light.environment import Environment, directions_of_texels, map_coordinates
from incarnate.light.lobes import frames_about, glossy_lobe, lobe_matrix
from incarnate.light.octahedral import directions_of_octahedral_texels
from incarnate.light.sampling import bilinear_taps, downsampled, radiance_along

# Bounds the memory of one block of shares or reads to about 50 MB.
_BLOCK = 4_000_000


@dataclass(frozen=True)
class _Level:
    """How one octahedral map is made."""

    roughness: float | None
    """GGX roughness; None is the cosine lobe of irradiance."""
    side: int
    """Cells along a side of the octahedral map, an even number."""
    source_height: int
    """Rows of the copy of the environment that is summed."""
    num_reads: int = 0
    """Directions that are read for a texel; 0 sums over all texels of the copy."""


# Roughness is even from 0 to 1, so that a level is found without a search. Sides and copies follow
# the width of the lobe; tests/light/test_prefilter.py holds the error against brute force.
_BROAD = tuple(_Level(step / 7, 32, 32) for step in (4, 5, 6, 7))
_LARGE = (
    _Level(None, 32, 64),
    _Level(0 / 7, 256, 256, num_reads=1),
    _Level(1 / 7, 128, 256, num_reads=64),
    _Level(2 / 7, 64, 64),
    _Level(3 / 7, 32, 64),
    *_BROAD,
)
_SMALL = (
    _Level(None, 32, 64),
    _Level(0 / 7, 32, 32, num_reads=1),
    _Level(1 / 7, 32, 32, num_reads=64),
    _Level(2 / 7, 32, 64),
    _Level(3 / 7, 32, 64),
    *_BROAD,
)

# A map up to this height is filtered by one matrix; above, that would take hundreds of MB.
_MATRIX_HEIGHT = 32


def level_sides(height: int) -> tuple[int, ...]:
    """Sides of the octahedral maps made of a map of a height: irradiance, then rising roughness."""
    return tuple(level.side for level in _levels(height))


def filtered_radiance(
    radiance: Float[Tensor, "height width 3"],
) -> Float[Tensor, "filtered_texels 3"]:
    """The texels of all octahedral maps, one map after the other."""
    height = radiance.shape[0]
    if height <= _MATRIX_HEIGHT:
        matrix = _small_matrix(height).to(radiance)
        # Colour first: the product with the tall matrix is then several times faster on a CPU.
        return (radiance.reshape(-1, 3).t() @ matrix).t()
    env = Environment(radiance)
    return torch.cat(
        [_read(env, level) if level.num_reads else _summed(env, level) for level in _levels(height)]
    )


def _levels(height: int) -> tuple[_Level, ...]:
    if height <= _MATRIX_HEIGHT:
        return _SMALL
    return tuple(replace(level, side=min(level.side, height // 2 * 2)) for level in _LARGE)


def _summed(env: Environment, level: _Level) -> Float[Tensor, "texels 3"]:
    copy = downsampled(env, level.source_height).radiance
    axes = directions_of_octahedral_texels(level.side).to(copy)
    blocks = axes.split(max(1, _BLOCK // (copy.shape[0] * copy.shape[1])))
    flat = copy.reshape(-1, 3)
    return torch.cat(
        [lobe_matrix(block, level.roughness, copy.shape[0]) @ flat for block in blocks]
    )


def _read(env: Environment, level: _Level) -> Float[Tensor, "texels 3"]:
    assert level.roughness is not None
    parts = glossy_lobe(level.roughness, level.num_reads)
    copies = [downsampled(env, part.source_height) for part in parts]
    frames = frames_about(directions_of_octahedral_texels(level.side).to(env.radiance))
    means = [
        [
            torch.einsum(
                "tsc,s->tc",
                radiance_along(copy, part.directions.to(block) @ block),
                part.weights.to(block),
            )
            for part, copy in zip(parts, copies, strict=True)
        ]
        for block in frames.split(max(1, _BLOCK // (16 * level.num_reads)))
    ]
    return torch.cat([functools.reduce(torch.add, terms) for terms in means])


@functools.lru_cache(maxsize=4)
def _small_matrix(height: int) -> Float[Tensor, "source_texels filtered_texels"]:
    """Share of each texel of a small map in each filtered texel; columns sum to one."""
    return torch.cat([_level_matrix(height, level) for level in _SMALL], 1).contiguous()


def _level_matrix(height: int, level: _Level) -> Float[Tensor, "source_texels filtered_texels"]:
    axes = directions_of_octahedral_texels(level.side)
    if level.num_reads:
        assert level.roughness is not None
        parts = glossy_lobe(level.roughness, level.num_reads)
        directions = torch.cat([part.directions for part in parts])
        weights = torch.cat([part.weights for part in parts]).numpy()
        reads = _reading_matrix((directions @ frames_about(axes.double())).reshape(-1, 3), height)
        lobes = scipy.sparse.kron(scipy.sparse.eye_array(len(axes)), weights[None])
        return torch.from_numpy(scipy.sparse.csr_array(lobes @ reads).toarray().T).float()
    # The map between its texels is bilinear: sum over an enlarged copy of it.
    points = directions_of_texels(level.source_height, 2 * level.source_height).reshape(-1, 3)
    shares = lobe_matrix(axes, level.roughness, level.source_height).t().contiguous()
    return torch.from_numpy(_reading_matrix(points, height).T @ shares.numpy()).float()


def _reading_matrix(directions: Float[Tensor, "reads 3"], height: int) -> scipy.sparse.csr_array:
    """Shares (reads, source texels) of a map's texels in bilinear reads of it."""
    taps, weights = bilinear_taps(map_coordinates(directions), height, 2 * height)
    rows = torch.arange(len(directions))[:, None].expand_as(taps)
    return scipy.sparse.csr_array(
        (weights.reshape(-1).numpy(), (rows.reshape(-1).numpy(), taps.reshape(-1).numpy())),
        shape=(len(directions), 2 * height * height),
    )
