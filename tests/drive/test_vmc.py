"""VMC messages: axes, names of VRM 0, VRM 1 and ARKit, and where one frame ends."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.drive.senders import blend, bones, bundle, osc, turn

from incarnate.drive.arkit import ARKIT_CHANNELS, ARKIT_EXPRESSIONS
from incarnate.drive.live import LiveFrame, PacketError
from incarnate.drive.vmc import BONE_PARENTS, PRESETS, VmcDecoder

HEAD = ("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.1, 0.0)


def face_of(frame: LiveFrame | None) -> dict[str, float]:
    assert frame is not None
    assert frame.face is not None
    return {name: v for name, v in zip(ARKIT_CHANNELS, frame.face.tolist(), strict=True) if v}


def test_bones_stand_before_what_hangs_on_them() -> None:
    names = list(BONE_PARENTS)
    # Unity has 55 human bones.
    assert len(names) == 55
    for name, parent in BONE_PARENTS.items():
        assert not parent or names.index(parent) < names.index(name)
    assert BONE_PARENTS["LeftShoulder"] == "UpperChest"
    assert BONE_PARENTS["RightLittleDistal"] == "RightLittleIntermediate"
    assert BONE_PARENTS["LeftToes"] == "LeftFoot"


def test_unitys_axes_become_ours() -> None:
    # In Unity the model faces +z and its left is −x; a turn to its left is negative about y.
    half = math.sin(-0.2), math.cos(-0.2)
    message = osc("/VMC/Ext/Bone/Pos", "Head", -0.25, 0.5, 0.75, 0.0, half[0], 0.0, half[1])
    frame = VmcDecoder()
    assert frame.decode(message, 1.0) is None
    done = frame.flush(2.0)
    assert done is not None
    assert done.arrived == 1.0
    assert done.bones is not None
    bone = done.bones["Head"]
    assert bone.position == (0.25, 0.5, 0.75)
    # To its left is positive about our y.
    assert bone.rotation == pytest.approx((math.cos(0.2), 0, math.sin(0.2), 0), abs=1e-7)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Blink", "blink"), {"eyeBlinkLeft": 1, "eyeBlinkRight": 1}),
        (("Blink_L", "blinkLeft", "eyeBlinkLeft", "EyeBlinkLeft"), {"eyeBlinkLeft": 1}),
        (("Blink_R", "blinkRight"), {"eyeBlinkRight": 1}),
        (("LookLeft", "lookLeft"), {"eyeLookOutLeft": 1, "eyeLookInRight": 1}),
        (("LookUp", "lookUp"), {"eyeLookUpLeft": 1, "eyeLookUpRight": 1}),
        (("A", "aa"), {"jawOpen": 0.7, "mouthLowerDownLeft": 0.2, "mouthLowerDownRight": 0.2}),
        (("U", "ou"), {"jawOpen": 0.15, "mouthPucker": 0.7}),
    ],
)
def test_expressions_have_many_names(names: tuple[str, ...], expected: dict[str, float]) -> None:
    for name in names:
        assert face_of(VmcDecoder().decode(blend(**{name: 1.0}), 0.0)) == pytest.approx(expected)


def test_every_preset_moves_channels_that_exist() -> None:
    for name, weights in PRESETS.items():
        assert weights, name
        assert set(weights) <= set(ARKIT_EXPRESSIONS)
    assert set(PRESETS["happy"]) == {
        "mouthSmileLeft", "mouthSmileRight", "cheekSquintLeft", "cheekSquintRight"
    }  # fmt: skip


def test_arkits_own_channels_come_before_presets() -> None:
    # A model with all of ARKit's shapes sends both: adding them would open the jaw twice.
    frame = VmcDecoder().decode(blend(A=1.0, jawOpen=0.25, tongueOut=7.0, Hat=1.0), 0.0)
    shown = face_of(frame)
    assert shown["jawOpen"] == 0.25
    assert shown["tongueOut"] == 1.0


def test_a_frame_ends_where_the_sender_says() -> None:
    decoder = VmcDecoder()
    assert decoder.decode(bundle(osc(*HEAD, 0.0, 0.0, 0.0, 1.0)), 1.0) is None
    frame = decoder.decode(blend(A=0.5), 1.01)
    assert frame is not None
    assert frame.arrived == 1.0
    assert set(frame.bones or ()) == {"Head"}
    assert face_of(frame)["jawOpen"] == pytest.approx(0.35)
    assert decoder.flush(2.0) is None
    # What is not sent again stays as it was.
    later = decoder.decode(bones(), 3.0)
    assert later is not None
    assert later.bones is not None
    assert len(later.bones) == 55
    assert face_of(later) == face_of(frame)


def test_a_repeated_bone_begins_the_next_frame() -> None:
    decoder = VmcDecoder()
    message = osc(*HEAD, 0.0, 0.0, 0.0, 1.0)
    assert decoder.decode(message, 1.0) is None
    first = decoder.decode(message, 1.1)
    assert first is not None
    assert first.arrived == 1.0
    second = decoder.flush(1.2)
    assert second is not None
    assert second.arrived == 1.1


def test_other_messages_are_no_news() -> None:
    decoder = VmcDecoder()
    content = bundle(osc("/VMC/Ext/OK", 1), osc("/VMC/Ext/Cam", "x", 1.0), osc("/else"))
    assert decoder.decode(content, 0.0) is None
    assert decoder.flush(1.0) is None
    assert (
        decoder.decode(osc("/VMC/Ext/Bone/Pos", "Tail", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0), 0.0)
        is None
    )
    assert decoder.flush(1.0) is None


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (osc("/VMC/Ext/Bone/Pos"), "without a name"),
        (osc("/VMC/Ext/Bone/Pos", 3.0), "without a name"),
        (osc("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.0), "2 finite numbers, expected 7"),
        (osc(*HEAD, 0.0, 0.0, 0.0, 0.0), "quaternion of length 0"),
        (osc(*HEAD, 0.0, 0.0, 0.0, float("nan")), "6 finite numbers"),
        (osc("/VMC/Ext/Bone/Pos", "Head", 1e9, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0), "a bone at 1e"),
        (osc("/VMC/Ext/Blend/Val", "A", "much"), "0 finite numbers, expected 1"),
        (osc("/VMC/Ext/Blend/Val", "A", float("inf")), "0 finite numbers, expected 1"),
    ],
)
def test_malformed_messages_say_what_is_wrong(message: bytes, text: str) -> None:
    decoder = VmcDecoder()
    with pytest.raises(PacketError, match=text):
        # Nothing of a packet is taken over that holds one.
        decoder.decode(bundle(osc("/VMC/Ext/Blend/Val", "A", 1.0), message), 0.0)
    assert decoder.flush(1.0) is None


@given(
    st.sampled_from(["/VMC/Ext/Bone/Pos", "/VMC/Ext/Blend/Val", "/VMC/Ext/Blend/Apply"]),
    st.lists(st.one_of(st.sampled_from(["Head", "A"]), st.floats(width=32)), max_size=9),
)
def test_any_message_gives_finite_motion_or_is_refused(
    address: str, values: list[str | float]
) -> None:
    decoder = VmcDecoder()
    try:
        decoder.decode(osc(address, *values), 0.0)
    except PacketError:
        return
    frame = decoder.flush(1.0)
    if frame is not None and frame.face is not None:
        assert np.isfinite(frame.face).all()
    for bone in (frame.bones or {}).values() if frame is not None else ():
        assert np.linalg.norm(bone.rotation) == pytest.approx(1, abs=1e-9)


def test_a_turn_survives_the_way_to_unity_and_back() -> None:
    frame = VmcDecoder().decode(bones({"LeftUpperArm": turn(0.3, -0.5, 0.7)}), 0.0)
    assert frame is not None
    assert frame.bones is not None
    x, y, z, w = turn(0.3, -0.5, 0.7).as_quat()
    assert frame.bones["LeftUpperArm"].rotation == pytest.approx((w, x, y, z), abs=1e-6)
