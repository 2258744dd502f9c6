"""A capture's cameras stand where they are, and its frames show under the rig."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.avatars.people import write_painted_capture

pytest.importorskip("viser", reason="the studio's extra is not installed")

from tests.view.studio_visitor import PATIENT, Visitor

from incarnate.capture.capture import Capture
from incarnate.capture.reading import read_frame
from incarnate.capture.tracks import load_track
from incarnate.rigs.skinning import pose_rig
from incarnate.view.overlays import draw_matte, draw_rig
from incarnate.view.studio import Studio
from incarnate.view.studio_cameras import viewpoint_of
from incarnate.view.studio_capture import CapturePanel


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_painted_capture(tmp_path_factory.mktemp("painted") / "capture")


def test_a_frame_is_shown_with_its_rig(capture: Capture) -> None:
    track = load_track(capture)
    with Studio("a capture") as studio:
        panel = CapturePanel(studio, capture, track)
        panel.frame.value = 3
        assert panel.wait(PATIENT)
        expected = draw_rig(read_frame(capture, 3), track.rig, track.poses[3])
        np.testing.assert_array_equal(panel.picture.image, expected)
        np.testing.assert_allclose(
            panel._mesh.vertices, pose_rig(track.rig, track.poses[3]).vertices.numpy()
        )
        assert panel._mesh.visible
        panel.mesh.value = False
        assert panel.wait(PATIENT)
        assert not panel._mesh.visible
        assert f"{capture.times[3]:.2f} s" in panel.about.content


def test_frustums_stand_at_the_cameras(capture: Capture) -> None:
    with Studio("a capture") as studio:
        panel = CapturePanel(studio, capture)
        assert panel.wait(PATIENT)
        place = viewpoint_of(capture.cameras[0])
        (frustum,) = panel._frustums
        np.testing.assert_allclose(frustum.position, place.position)
        np.testing.assert_allclose(frustum.wxyz, place.wxyz)
        assert frustum.image is not None
        np.testing.assert_array_equal(panel.picture.image, draw_matte(read_frame(capture, 0)))
        panel.pictures.value = False
        assert panel.wait(PATIENT)
        assert frustum.image is None


def test_a_visitor_goes_where_a_camera_is(capture: Capture) -> None:
    with Studio("a capture") as studio:
        panel = CapturePanel(studio, capture)
        assert panel.wait(PATIENT)
        came = threading.Event()
        studio.on_look(lambda number, viewpoint: came.set())
        with Visitor(studio.address) as visitor:
            visitor.look(replace(viewpoint_of(capture.cameras[0]), position=(0.5, 1.5, 2.0)))
            assert came.wait(PATIENT)
            (client,) = studio.server.get_clients().values()
            studio.go_to(capture.cameras[0], client)
            moved = visitor.wait_for(
                lambda each: each["type"] == "SetCameraPositionMessage" and not each.get("initial")
            )
            place = viewpoint_of(capture.cameras[0])
            np.testing.assert_allclose(moved["position"], place.position, rtol=1e-6)
