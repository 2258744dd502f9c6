"""What a page is told: whole events, and numbers in the package's order, exact enough."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from tests.drive.faces import talking
from tests.view.puppets import events_of

from incarnate.rigs.embedded import default_head_rig
from incarnate.view.live_messages import SIGN_OF_LIFE, names_event, pose_event, state_event


def test_names_come_in_the_rigs_order() -> None:
    rig = default_head_rig()
    ((name, data),) = events_of(names_event(rig))
    assert name == "names"
    assert tuple(data["expressions"]) == rig.expression_names
    assert tuple(data["joints"]) == rig.joint_names


def test_a_pose_comes_through() -> None:
    pose = talking(default_head_rig(), 3)[1]
    ((name, data),) = events_of(pose_event(pose, age=0.0123, sent=4.5))
    assert (name, data["age"], data["sent"]) == ("pose", 12.3, 4500.0)
    # Five decimals are told.
    assert data["expression"] == pytest.approx(pose.expression.tolist(), abs=1e-5)
    assert data["translation"] == pytest.approx(pose.root_translation.tolist(), abs=1e-5)
    turns = Rotation.from_quat(np.array(data["rotations"]).reshape(-1, 4)).as_rotvec()
    given = [pose.root_rotation.numpy(), *pose.joint_rotations.numpy()]
    np.testing.assert_allclose(turns, given, atol=3e-5)


def test_a_head_takes_little_room() -> None:
    pose = talking(default_head_rig(), 3)[1]
    # Sixty a second are 60 kB a second.
    assert len(pose_event(pose, age=0.01, sent=4.5)) < 1000


def test_numbers_that_are_none_are_not_told() -> None:
    pose = talking(default_head_rig(), 1)[0]
    broken = replace(pose, expression=pose.expression * float("nan"))
    with pytest.raises(ValueError, match="NaN"):
        pose_event(broken, age=0.0, sent=0.0)


@given(st.text(max_size=50))
def test_no_words_end_an_event_early(text: str) -> None:
    content = state_event("failed", text)
    assert events_of(content) == [("state", {"phase": "failed", "text": text})]
    assert content.count(b"\n") == 3


def test_a_sign_of_life_is_no_event() -> None:
    assert events_of(SIGN_OF_LIFE) == []
