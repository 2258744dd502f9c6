"""The inventory of public names: a change of the interface is a change of this file."""

import inspect
import subprocess
import sys

import pytest

import incarnate

PUBLIC_NAMES = {
    "Avatar": "avatars.avatar",
    "Camera": "geometry.cameras",
    "Capture": "capture.capture",
    "Environment": "light.environment",
    "Frame": "capture.capture",
    "IncarnateError": "errors",
    "Pose": "rigs.rig",
    "Rig": "rigs.rig",
    "Splats": "splats.splats",
    "Track": "capture.capture",
    "load_avatar": "avatars.opening",
    "load_capture": "capture.files",
    "load_environment": "light.files",
    "load_track": "capture.tracks",
    "pose_rig": "rigs.skinning",
    "rasterize": "splats.rasterize",
    "render": "avatars.avatar",
}
# The arguments that a caller may count on; further ones may follow, with defaults.
ARGUMENTS = {
    "load_avatar": ("folder",),
    "load_capture": ("folder",),
    "load_environment": ("path", "max_height"),
    "load_track": ("capture",),
    "pose_rig": ("rig", "pose"),
    "rasterize": ("splats", "camera", "backend"),
    "render": ("avatar", "pose", "camera", "light", "background"),
}


def test_the_public_names_are_these() -> None:
    assert set(incarnate.__all__) == set(PUBLIC_NAMES)
    assert set(dir(incarnate)) == set(PUBLIC_NAMES)


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    thing = getattr(incarnate, name)
    assert thing.__module__ == f"incarnate.{PUBLIC_NAMES[name]}"
    assert inspect.getdoc(thing)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_public_functions_take_these_arguments(name: str) -> None:
    parameters = inspect.signature(getattr(incarnate, name)).parameters
    expected = ARGUMENTS[name]
    assert tuple(parameters)[: len(expected)] == expected
    further = list(parameters.values())[len(expected) :]
    assert all(parameter.default is not inspect.Parameter.empty for parameter in further)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'incarnate' has no attribute 'Avtar'"):
        _ = incarnate.Avtar  # pyright: ignore[reportAttributeAccessIssue]


def test_importing_the_package_imports_no_torch() -> None:
    # torch takes a second or more; the command line's help shall not wait for it.
    code = "import sys, incarnate, incarnate.cli; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
