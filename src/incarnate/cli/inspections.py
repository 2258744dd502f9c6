"""What ``incarnate doctor`` looks at: one function a part, each returns what it found."""

import importlib
import importlib.metadata
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from incarnate.errors import ModelFileError

State = Literal["ok", "absent", "broken"]
"""``absent`` parts are optional: what needs them is named; ``broken`` ones have to be mended."""

VIDEO_CODECS: Final = ("h264", "hevc", "vp9", "av1", "libx264")
"""Decoders that videos commonly need, and the encoder that writes mp4."""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    part: str
    state: State
    detail: str
    """What is there, or what the part is needed for."""
    remedy: str = ""
    """What to do where the part is not there."""


def findings() -> Iterator[Finding]:
    """Look at every part, one after the other."""
    for inspect in _INSPECTIONS:
        yield inspect()
    yield from model_files()
    yield from lpips_weights()
    yield fid_weights()


def python() -> Finding:
    """The interpreter and the machine."""
    return Finding("python", "ok", f"{platform.python_version()}, {platform.machine()}")


def torch() -> Finding:
    """torch, the threads it uses, and CUDA where there is some."""
    module = importlib.import_module("torch")
    device = "no CUDA device"
    if module.cuda.is_available():
        device = f"CUDA {module.version.cuda}, {module.cuda.get_device_name()}"
    return Finding(
        "torch", "ok", f"{module.__version__}, {module.get_num_threads()} threads, {device}"
    )


def kernel() -> Finding:
    """The compiled rasterizer."""
    from incarnate.splats import native

    if not native.is_available():
        return Finding(
            "kernel", "broken", "missing: splats are drawn by plain torch, slowly", native.INSTALL
        )
    return Finding("kernel", "ok", native.description())


def gsplat() -> Finding:
    """The CUDA rasterizer."""
    if importlib.import_module("torch").cuda.is_available():
        return _package("gsplat", "draws splats on the GPU", "pip install 'incarnate[cuda]'")
    return Finding("gsplat", "absent", "draws splats on a GPU; this machine has no CUDA device")


def mediapipe() -> Finding:
    """The detector that tracking runs, and the system's libraries that it loads."""
    return _package(
        "mediapipe",
        "`incarnate track` finds faces with it",
        "pip install 'incarnate[track]'; on Debian also: apt-get install libegl1 libgles2 libgl1",
    )


def codecs() -> Finding:
    """What PyAV's FFmpeg can read and write."""
    av = importlib.import_module("av")
    missing = [name for name in VIDEO_CODECS if name not in av.codecs_available]
    if missing:
        return Finding("video", "broken", f"av {av.__version__} lacks {', '.join(missing)}",
                       "pip install --force-reinstall av")  # fmt: skip
    return Finding("video", "ok", f"av {av.__version__}: {', '.join(VIDEO_CODECS)}")


def model_files() -> Iterator[Finding]:
    """The models that tracking runs: where they lie, and that they are the known ones."""
    from incarnate.model_files import MODEL_NAMES, find_file, find_model, known_model

    for name in MODEL_NAMES:
        file_name = known_model(name).file_name
        is_there = find_file(file_name) is not None
        try:
            yield Finding(file_name, "ok", str(find_model(name)))
        except ModelFileError as error:
            yield Finding(
                file_name,
                "broken" if is_there else "absent",
                str(error) if is_there else "`incarnate track` needs it",
                "incarnate doctor --fetch",
            )


def lpips_weights() -> Iterator[Finding]:
    """The weights of the LPIPS metric."""
    from incarnate.evaluate.lpips_weights import INSTALL, NETWORKS, read_weights, weights_path

    for network in NETWORKS:
        part = f"lpips ({network})"
        try:
            path = weights_path(network)
        except ModelFileError:
            yield Finding(part, "absent", "`incarnate evaluate` leaves the column out", INSTALL)
            continue
        try:
            read_weights(network)
            yield Finding(part, "ok", str(path))
        except ModelFileError as error:
            yield Finding(part, "broken", str(error), f"{INSTALL} --force-reinstall")


def fid_weights() -> Finding:
    """The weights of the FID metric."""
    from incarnate.evaluate.inception_weights import INSTALL, checked_bytes, weights_path

    try:
        path = weights_path()
    except ModelFileError:
        return Finding("fid", "absent", "`incarnate evaluate` leaves the figure out", INSTALL)
    try:
        checked_bytes(path)
    except ModelFileError as error:
        return Finding("fid", "broken", str(error), INSTALL)
    return Finding("fid", "ok", str(path))


def _package(name: str, purpose: str, remedy: str) -> Finding:
    """An optional package: absent, installed but not importable, or ready."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "absent", purpose, remedy)
    try:
        importlib.import_module(name)
    except (ImportError, OSError) as error:
        return Finding(name, "broken", f"{version} cannot be imported: {error}", remedy)
    return Finding(name, "ok", version)


_INSPECTIONS: Final[tuple[Callable[[], Finding], ...]] = (
    python,
    torch,
    kernel,
    gsplat,
    mediapipe,
    codecs,
)
