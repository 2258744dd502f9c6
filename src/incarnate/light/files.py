"""Environment maps in files: Radiance .hdr and OpenEXR, equirectangular."""

from pathlib import Path

import numpy as np
import OpenEXR
import torch
from jaxtyping import Float

from incarnate.errors import LightError
from incarnate.light.environment import Environment
from incarnate.light.rgbe import decode_rgbe, encode_rgbe
from incarnate.light.sampling import downsampled
from incarnate.whole_files import whole

_ENDINGS = (".hdr", ".exr")


def load_environment(path: Path | str, max_height: int = 512) -> Environment:
    """Read an equirectangular map, top row up, its middle toward +x (docs/conventions.md).

    Pixels that no light can have are mended: NaN and negative values (ringing of resamplers)
    become 0, +inf (a sun beyond half precision) the largest finite value of the map.

    Args:
        path: A ``.hdr`` or ``.exr`` file whose width is twice its height.
        max_height: A higher map is averaged down to so many rows, by solid angle.

    Returns:
        The light, named after the file.

    Raises:
        LightError: There is no such file, or it is not an environment map.
    """
    path = Path(path)
    decode = {".hdr": _decode_hdr, ".exr": _decode_exr}.get(path.suffix.lower())
    if decode is None:
        raise LightError(_unknown_ending(path))
    if not path.is_file():
        raise LightError(f"{path}: there is no such file")
    try:
        pixels = decode(path)
    except LightError as problem:
        raise LightError(f"{path}: {problem}") from None
    height, width, _ = pixels.shape
    if width != 2 * height:
        raise LightError(
            f"{path}: the picture has {width} × {height} pixels; an equirectangular environment "
            "map is twice as wide as high. Cube maps and photographs must be converted first"
        )
    radiance = torch.from_numpy(_mended(pixels, path))
    return downsampled(Environment(radiance, name=path.stem), max_height)


def save_environment(env: Environment, path: Path | str) -> None:
    """Write a map whole or not at all; ``rotation`` is not a part of the file formats.

    Args:
        env: The light; ``rotation`` must be 0 for the file to hold all of it.
        path: Ends in ``.hdr`` (8 bits of the largest channel) or ``.exr`` (32-bit float).

    Raises:
        LightError: The ending is unknown, or the light is turned.
    """
    path = Path(path)
    if path.suffix.lower() not in _ENDINGS:
        raise LightError(_unknown_ending(path))
    if env.rotation != 0:
        raise LightError(
            f"{path}: light turned by {env.rotation:.3f} rad can't be saved, a map file has no "
            "rotation: save it unturned and rotate after loading"
        )
    pixels = np.ascontiguousarray(env.radiance.detach().float().cpu().numpy())
    with whole(path) as partial:
        if path.suffix.lower() == ".hdr":
            partial.write_bytes(encode_rgbe(pixels))
        else:
            header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
            OpenEXR.File(header, {"RGB": pixels}).write(str(partial))


def _unknown_ending(path: Path) -> str:
    return (
        f"{path}: the ending {path.suffix!r} is not that of an environment map; "
        f"known are {' and '.join(_ENDINGS)}"
    )


def _decode_hdr(path: Path) -> Float[np.ndarray, "height width 3"]:
    return decode_rgbe(path.read_bytes())


def _decode_exr(path: Path) -> Float[np.ndarray, "height width 3"]:
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = {name: channel.pixels for name, channel in file.channels().items()}
    # OpenEXR raises whatever its C++ side threw, often a bare RuntimeError or ValueError.
    except Exception as problem:
        raise LightError(
            f"OpenEXR cannot read it ({problem}): copy or download it again, or give another map"
        ) from None
    if all(name in channels for name in "RGB"):
        return np.stack([channels[name] for name in "RGB"], -1).astype(np.float32)
    if "Y" in channels:
        return np.repeat(channels["Y"].astype(np.float32)[..., None], 3, -1)
    raise LightError(
        f"it has the channels {', '.join(sorted(channels))}; expected R, G and B in its first part"
    )


def _mended(
    pixels: Float[np.ndarray, "height width 3"], path: Path
) -> Float[np.ndarray, "height width 3"]:
    finite = np.isfinite(pixels)
    if not finite.any() or not (pixels[finite] > 0).any():
        raise LightError(f"{path}: no pixel holds light; is this a mask or an unfinished render?")
    return np.nan_to_num(
        pixels.astype(np.float32), nan=0.0, neginf=0.0, posinf=float(pixels[finite].max())
    ).clip(min=0)
