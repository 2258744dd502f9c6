"""Files that were cut, or had bytes changed: readers refuse them, or read something finite."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import SplatCloud


def check_damage(path: Path, read: Callable[[Path], SplatCloud], head: int, tries: int) -> int:
    """Damage a file again and again; returns how many of the damaged ones were refused.

    Args:
        path: A good file, which is overwritten.
        read: Its reader.
        head: Half of the damage falls into so many bytes at the beginning.
        tries: How often.
    """
    good = path.read_bytes()
    generator = np.random.default_rng(7)
    refused = 0
    for index in range(tries):
        data = bytearray(good)
        if index % 3 == 0:
            data = data[: generator.integers(0, len(data))]
        else:
            for _ in range(generator.integers(1, 5)):
                place = generator.integers(0, head if index % 2 else len(data))
                data[place] = generator.integers(0, 256)
        path.write_bytes(bytes(data))
        try:
            cloud = read(path)
        except SplatFileError:
            refused += 1
        else:
            for array in vars(cloud).values():
                assert np.isfinite(array).all()
    return refused
