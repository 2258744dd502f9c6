"""Writes what the browser viewer brings with it: lights, split-sum table, numbers of driving.

Run by hand when one of them changes: python scripts/draw_viewer_data.py
"""

import json
from pathlib import Path

import numpy as np

from incarnate.drive.face_numbers import face_numbers
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
    text = json.dumps(face_numbers(), separators=(",", ":"))
    (DATA / "face_numbers.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
