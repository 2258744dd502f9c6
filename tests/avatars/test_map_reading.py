import pytest
import torch

from incarnate.avatars.map_reading import MapReading
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.position_maps import PositionMaps, position_maps_of_rig


@pytest.fixture(scope="module")
def maps() -> PositionMaps:
    return position_maps_of_rig(default_body_rig(), 64)


@pytest.mark.parametrize("size", [16, 48, 64, 128])
def test_reads_alike_with_and_without_gradients(
    maps: PositionMaps, size: int, generator: torch.Generator
) -> None:
    reading = MapReading.of(maps.mask, size)
    painted = torch.randn(2, 5, size, size, generator=generator)
    with_gradients = reading.read(painted.requires_grad_())
    # The same four products; only the order of their sum may differ.
    torch.testing.assert_close(reading.read(painted.detach()), with_gradients.detach())


def test_maps_of_the_splats_own_size_are_gathered(
    maps: PositionMaps, generator: torch.Generator
) -> None:
    painted = torch.randn(2, 3, 64, 64, generator=generator)
    reading = MapReading.of(maps.mask, 64)
    torch.testing.assert_close(reading.read(painted), maps.gather(painted))


def test_a_slope_is_read_where_each_splat_lies(maps: PositionMaps) -> None:
    centers = (torch.arange(32) + 0.5) / 32
    ramp = centers.expand(2, 1, 32, 32)
    side, _, column = maps.mask.nonzero().unbind(-1)
    read = MapReading.of(maps.mask, 32).read(ramp)[:, 0]
    torch.testing.assert_close(read, (column + 0.5) / 64)
    assert len(side) == maps.num_points


def test_a_compact_reading_needs_only_some_rows(
    maps: PositionMaps, generator: torch.Generator
) -> None:
    reading = MapReading.of(maps.mask, 32)
    compact, used = reading.by_rows.compact()
    assert len(used) < 2 * 32**2
    rows = torch.randn(2 * 32**2, 4, generator=generator)
    torch.testing.assert_close(compact.read(rows[used]), reading.by_rows.read(rows))
