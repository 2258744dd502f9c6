"""The studio's panel for a capture: its cameras with their pictures, and the rig over them."""

from collections.abc import Hashable
from math import pi
from typing import Any, final

import numpy as np
import torch
from jaxtyping import UInt8

from incarnate.capture.capture import Capture, Track
from incarnate.capture.reading import read_frame
from incarnate.geometry.cameras import Camera
from incarnate.geometry.colors import bytes_from_linear
from incarnate.rigs.skinning import pose_rig
from incarnate.view.overlays import draw_matte, draw_rig, spread
from incarnate.view.studio import Studio
from incarnate.view.studio_cameras import beside, orbit_point, viewpoint_of
from incarnate.view.studio_worker import LatestWorker

# Sides of pictures in frustums and of the large one in the panel, pixels.
_SMALL, _LARGE = 160, 480
# A ring of many cameras shows pictures in so many of them.
_MOST_PICTURES = 12
# How long a frustum is and how thick its lines, as shares of the camera's distance from the person.
_FRUSTUM_SHARE, _LINE_SHARE = 0.12, 0.003
_TRAINED, _TESTED = (90, 170, 255), (255, 170, 60)


@final
class CapturePanel:
    """Frustums, the posed rig and a frame slider."""

    def __init__(self, studio: Studio, capture: Capture, track: Track | None = None) -> None:
        """Add the panel to a page.

        Args:
            studio: The page.
            capture: What was seen.
            track: The rig that was fitted to it, if one was.
        """
        self.studio, self.capture, self._track = studio, capture, track
        target = torch.zeros(1, 3)
        if track is not None:
            target = pose_rig(track.rig, track.poses[0]).vertices
        self._target = target
        self._frustums = [self._add_frustum(index) for index in range(len(capture.cameras))]
        self._add_handles()
        self._mesh: Any = None
        self._worker: LatestWorker[int] = LatestWorker(self._show, on_error=self._tell_error)
        for handle in (self.frame, self.camera, self.mesh, self.pictures):
            handle.on_update(lambda _: self.redraw())
        self.start_beside()
        studio.on_close(self._worker.close)
        self.redraw()

    def start_beside(self) -> None:
        """Let visitors begin beside the first camera: from its own place its picture hides all."""
        self.studio.start_view(beside(self.capture.cameras[0], self._target), self._target)

    def redraw(self) -> None:
        """Show the frame anew, since something has changed."""
        self._worker.ask("frame", int(self.frame.value))

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until the frame is shown; False when it took longer."""
        return self._worker.wait(timeout)

    def overlay(self, index: int, camera: int) -> UInt8[np.ndarray, "height width 3"]:
        """A frame with the rig over it, or with its matte where there is no rig."""
        frame = read_frame(self.capture, index, camera, _within(self._camera(camera), _LARGE))
        if self._track is None:
            return draw_matte(frame)
        return draw_rig(frame, self._track.rig, self._track.poses[index])

    def _show(self, key: Hashable, index: int) -> None:
        del key
        camera = self.capture.camera_names.index(self.camera.value)
        self.picture.image = self.overlay(index, camera)
        self.about.content = self._words(index)
        if self._track is not None:
            self._pose_mesh(index)
        shown = spread(range(len(self._frustums)), _MOST_PICTURES) if self.pictures.value else ()
        for each, frustum in enumerate(self._frustums):
            image = None
            if each in shown:
                size = _within(self._camera(each), _SMALL)
                image = bytes_from_linear(read_frame(self.capture, index, each, size).image)
            frustum.image = image

    def _pose_mesh(self, index: int) -> None:
        assert self._track is not None
        if self._mesh is None:
            rig = self._track.rig
            self._mesh = self.studio.server.scene.add_mesh_simple(
                "/capture/rig",
                rig.vertices.numpy(),
                rig.faces.numpy(),
                color=(150, 190, 220),
                opacity=0.9,
            )
        self._mesh.visible = bool(self.mesh.value)
        if self.mesh.value:
            posed = pose_rig(self._track.rig, self._track.poses[index])
            self._mesh.vertices = posed.vertices.numpy()

    def _words(self, index: int) -> str:
        capture = self.capture
        words = [f"{capture.splits[index]} frame at {capture.times[index]:.2f} s"]
        if capture.clips:
            words.append(f"clip {capture.clips[index]}")
        if self._track is not None:
            words.append(f"residual {float(self._track.residuals[index]):.2f} px")
        return " · ".join(words)

    def _tell_error(self, error: Exception) -> None:
        self.about.content = f"**{type(error).__name__}**: {error}"

    def _camera(self, index: int) -> Camera:
        return self.capture.cameras[index]

    def _add_frustum(self, index: int) -> Any:
        camera = self._camera(index)
        place = viewpoint_of(camera)
        distance = float((orbit_point(camera, self._target) - camera.center).norm())
        name = self.capture.camera_names[index]
        frustum = self.studio.server.scene.add_camera_frustum(
            f"/capture/cameras/{index}",
            fov=min(place.fov, 0.95 * pi),
            aspect=place.aspect,
            scale=_FRUSTUM_SHARE * distance,
            thickness=_LINE_SHARE * distance,
            color=_TESTED if index in self.capture.test_cameras else _TRAINED,
            wxyz=place.wxyz,
            position=place.position,
        )

        def visit(event: Any) -> None:
            self.camera.value = name
            self.studio.go_to(camera, event.client)

        frustum.on_click(visit)
        return frustum

    def _add_handles(self) -> None:
        gui, capture = self.studio.server.gui, self.capture
        with gui.add_folder(f"capture {capture.name}"):
            self.about = gui.add_markdown("…")
            self.frame = gui.add_slider("frame", 0, max(capture.num_frames - 1, 1), 1, 0)
            self.camera = gui.add_dropdown(
                "camera", capture.camera_names, initial_value=capture.camera_names[0]
            )
            self.mesh = gui.add_checkbox("rig", self._track is not None)
            self.pictures = gui.add_checkbox("pictures", True)
            width, height = _within(self._camera(0), _LARGE)
            self.picture = gui.add_image(np.zeros((height, width, 3), np.uint8), format="jpeg")


def _within(camera: Camera, longest: int) -> tuple[int, int]:
    """The size of a camera's pictures, made small enough."""
    scale = min(1.0, longest / max(camera.width, camera.height))
    return max(1, round(camera.width * scale)), max(1, round(camera.height * scale))
