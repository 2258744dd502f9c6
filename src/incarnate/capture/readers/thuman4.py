"""Reads THuman4.0: 24 cameras, SMPL-X fits, mattes as JPEG (Zheng et al., CVPR 2022).

```text
subject00/
  calibration.json             K, R, T, imgSize of cam00, cam01 …
  images/cam00/00000000.jpg
  masks/cam00/00000000.jpg
  smpl_params.npz              one row a frame number
  missing_img_files.txt        pictures that were lost; may be absent
```
"""

import re
from pathlib import Path

from incarnate.capture.readers.body_set import BodySet
from incarnate.capture.readers.opencv_calibration import read_opencv_views
from incarnate.capture.readers.smplx_params import read_smplx_params

_LOST = re.compile(r"(cam\d+)\D+(\d{8})")


def read_thuman4(folder: Path, poses: Path | None = None) -> BodySet:
    """Read a subject's folder; pictures stay on disk.

    Args:
        folder: Of one subject.
        poses: The SMPL-X parameters, where they are not in the folder.

    Raises:
        CaptureError: A file is missing or does not fit.
    """
    views = read_opencv_views(
        folder / "calibration.json",
        image="images/{camera}/{frame:08d}.jpg",
        matte="masks/{camera}/{frame:08d}.jpg",
    )
    lost = folder / "missing_img_files.txt"
    names = lost.read_text(encoding="utf-8", errors="replace") if lost.is_file() else ""
    return BodySet(
        name=folder.resolve().name,
        layout="thuman4",
        views=views,
        codes=read_smplx_params(poses or folder / "smpl_params.npz"),
        missing=frozenset((name, int(frame)) for name, frame in _LOST.findall(names)),
    )
