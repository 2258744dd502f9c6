"""capture.json: what is written is read back, and what is wrong is refused by name."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incarnate.capture.capture import Consent, Split
from incarnate.capture.layout import Layout
from incarnate.capture.manifest import (
    CameraEntry,
    FrameEntry,
    Manifest,
    manifest_json,
    parse_manifest,
)
from incarnate.errors import CaptureError

CAMERA = CameraEntry(
    "front", 12, 10, ((20.0, 0.0, 6.0), (0.0, 20.0, 5.0), (0.0, 0.0, 1.0)),
    tuple(tuple(float(i == j) for j in range(4)) for i in range(4)),
)  # fmt: skip
MANIFEST = Manifest("me", 25.0, (CAMERA,), (FrameEntry(0.0, "train"), FrameEntry(0.04, "test", 7)))

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
frames = st.tuples(
    st.floats(0, 1e6), st.sampled_from(["train", "test"]), st.none() | st.integers(0, 10**6)
)
provenances = st.dictionaries(names, st.integers() | names | st.booleans(), max_size=3)


def changed(**changes: Any) -> str:
    """capture.json of the example with some fields replaced; Ellipsis removes one."""
    content = json.loads(manifest_json(MANIFEST)) | changes
    return json.dumps({name: value for name, value in content.items() if value is not ...})


def message(text: str) -> str:
    with pytest.raises(CaptureError) as caught:
        parse_manifest(text)
    return str(caught.value)


# Records are built in the test: checking their types draws random numbers, a strategy mustn't.
@given(
    st.lists(frames, min_size=1, max_size=5),
    st.none() | st.just("a/{frame:06d}.png"),
    st.none() | st.tuples(names, names, names),
    provenances,
)
def test_what_is_written_is_read_back(
    frames: list[tuple[float, Split, int | None]],
    mattes: str | None,
    consent: tuple[str, str, str] | None,
    provenance: dict[str, object],
) -> None:
    manifest = replace(
        MANIFEST,
        frames=tuple(FrameEntry(*frame) for frame in frames),
        layout=Layout(
            mattes=mattes,
            track=mattes and "track.npz",
            relit_lights={"sky": "lights/sky.hdr"},
            relit_images={"sky": "relit/sky/{frame}.png"},
            truth={"normal": "truth/{frame}.png"},
        ),
        consent=consent and Consent(*consent),
        provenance=provenance,
    )
    assert parse_manifest(manifest_json(manifest)) == manifest


def test_a_frame_takes_a_line() -> None:
    lines = manifest_json(MANIFEST).splitlines()
    assert '  {"time": 0.0, "split": "train"},' in lines
    assert '  {"time": 0.04, "split": "test", "source": 7}' in lines


def test_newer_versions_are_refused() -> None:
    assert message(changed(version=4)) == (
        "capture.json is version 4 of the capture format; this release reads up to version 3. "
        "Update incarnate."
    )


def test_only_what_needs_it_is_of_the_newer_version() -> None:
    layout = replace(MANIFEST.layout, pseudo_albedo="albedo/{camera}/{frame:06d}.png")
    with_albedo = replace(MANIFEST, layout=layout)
    assert '"version": 1,' in manifest_json(MANIFEST)
    assert '"version": 2,' in manifest_json(with_albedo)
    assert parse_manifest(manifest_json(with_albedo)) == with_albedo


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": (FrameEntry(0.0, "train", clip="walk"), FrameEntry(1.0, "test", clip="jump"))},
        {"test_cameras": ("front",)},
        {"layout": Layout(truth={"label": "truth/{frame}.png"})},
    ],
)
def test_clips_test_cameras_and_labels_are_of_the_third_version(changes: dict[str, Any]) -> None:
    manifest = replace(MANIFEST, **changes)
    text = manifest_json(manifest)
    assert '"version": 3,' in text
    assert parse_manifest(text) == manifest
    assert "test_cameras" not in manifest_json(MANIFEST)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "capture.json is not JSON (line 1: Expecting property name enclosed in double "
              "quotes); mend or re-create it."),
        (changed(format="other"),
         'capture.json: field "format" is "other"; expected one of "incarnate-capture".'),
        (changed(frames=...), 'capture.json lacks the field "frames"; add it.'),
        (changed(trakc="track.npz"),
         'capture.json has an unknown field "trakc"; did you mean "track"?'),
        (changed(frames=[{"time": 0, "split": "val"}]),
         'capture.json: frames[0]: field "split" is "val"; expected one of "train", "test".'),
        (changed(test_cameras=["frnt"]),
         'capture.json: test_cameras names "frnt", but the cameras are front; mend the name, or '
         "remove it."),
        (changed(frames=[{"time": 0, "split": "train", "clip": "a"}, {"time": 1, "split": "test"}]),
         'capture.json: frames[1] lacks the field "clip", which other frames have; give every '
         "frame its clip, or none."),
        (changed(consent={"subject": "me", "statement": "yes"}),
         'capture.json: consent lacks the field "source"; add it.'),
        (changed(truth={"albdo": "a{frame}.png"}),
         'capture.json: truth has an unknown field "albdo"; did you mean "albedo"?'),
    ],
)  # fmt: skip
def test_faults_are_named(text: str, expected: str) -> None:
    assert message(text) == expected


@pytest.mark.parametrize("path", ["../out.npz", "/etc/out.npz", "a/../../b.npz", "a\\b.npz"])
@pytest.mark.parametrize("name", ["track", "light", "rig"])
def test_no_path_leaves_the_folder(name: str, path: str) -> None:
    assert message(changed(**{name: path})) == (
        f'capture.json: "{name}" points to {path!r}; expected a path inside the capture\'s '
        "folder, with '/'."
    )


@pytest.mark.parametrize("pattern", ["../{frame}.png", "/tmp/{frame}.png", "a/../../{frame}.png"])
def test_no_pattern_leaves_the_folder(pattern: str) -> None:
    assert "expected a path inside the capture's folder" in message(changed(images=pattern))
    relit = {"sky": {"light": "sky.hdr", "images": pattern}}
    assert "expected a path inside the capture's folder" in message(changed(relights=relit))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.png", "is the pattern 'a.png'; it lacks {frame}."),
        ("{index}.png", "only {camera} and {frame:06d} are filled in, not {index}."),
        ("{frame.real}.png", "only {camera} and {frame:06d} are filled in, not {frame.real}."),
        ("{frame:z}.png", "cannot be filled in"),
        ("{frame", "cannot be filled in"),
    ],
)
def test_patterns_that_cannot_be_filled_in_are_refused(pattern: str, expected: str) -> None:
    assert expected in message(changed(images=pattern))


def test_several_cameras_need_their_name_in_the_pattern() -> None:
    cameras = [vars(CAMERA), {**vars(CAMERA), "name": "side"}]
    text = changed(cameras=cameras, images="{frame}.png")
    assert message(text).endswith("is the pattern '{frame}.png'; it lacks {camera}.")
    assert len(parse_manifest(changed(cameras=cameras)).cameras) == 2


@pytest.mark.parametrize("name", ["a/b", "..", "ä"])
def test_camera_names_can_be_folders(name: str) -> None:
    text = changed(cameras=[{**vars(CAMERA), "name": name}])
    assert message(text) == (
        f'capture.json: cameras[0]: the name "{name}" cannot be a folder; use letters, digits, '
        '"-", "_" and ".".'
    )


def test_camera_names_differ() -> None:
    text = changed(cameras=[vars(CAMERA), vars(CAMERA)])
    assert message(text) == 'capture.json: two cameras are called "front"; rename one.'
