"""Writes what the browser viewer brings with it: the made lights, and the split-sum table.

Run by hand when a light or the table changes: python scripts/draw_viewer_data.py
"""

from pathlib import Path

import numpy as np

from incarnate.light.brdf import split_sum_table
from incarnate.light.files import save_environment
from incarnate.light.procedural import PROCEDURAL_NAMES, procedural_environment

# Texels of 2.8°: finer than the glossiest material of an avatar shows.
HEIGHT = 64
DATA = Path(__file__).resolve().parents[1] / "viewer" / "data"


def main() -> None:
    """Write the files into viewer/data."""
    DATA.mkdir(parents=True, exist_ok=True)
    for name in PROCEDURAL_NAMES:
        save_environment(procedural_environment(name, HEIGHT), DATA / f"{name}.hdr")
    table = split_sum_table().numpy().astype(np.float16)
    (DATA / "split_sum.bin").write_bytes(table.tobytes())


if __name__ == "__main__":
    main()
