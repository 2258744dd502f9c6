"""Reads AvatarReX: 16 cameras named by their serial numbers, SMPL-X fits (Zheng et al. 2023).

```text
avatarrex_zzr/
  calibration_full.json              K, R, T, imgSize, distCoeff of each serial number
  22010708/00000000.jpg
  22010708/mask/pha/00000000.jpg
  smpl_params.npz                    one row a frame number
```
"""

from pathlib import Path

from incarnate.capture.readers.body_set import BodySet
from incarnate.capture.readers.opencv_calibration import read_opencv_views
from incarnate.capture.readers.smplx_params import read_smplx_params


def read_avatarrex(folder: Path, poses: Path | None = None) -> BodySet:
    """Read a subject's folder; pictures stay on disk.

    Args:
        folder: Of one subject.
        poses: The SMPL-X parameters, where they are not in the folder.

    Raises:
        CaptureError: A file is missing or does not fit.
    """
    return BodySet(
        name=folder.resolve().name,
        layout="avatarrex",
        views=read_opencv_views(
            folder / "calibration_full.json",
            image="{camera}/{frame:08d}.jpg",
            matte="{camera}/mask/pha/{frame:08d}.jpg",
        ),
        codes=read_smplx_params(poses or folder / "smpl_params.npz"),
    )
