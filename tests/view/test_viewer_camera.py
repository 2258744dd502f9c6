"""A film of a face before the browser's camera: what is found in it, and what the avatar does."""

import base64
import functools
import http.server
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import UInt8
from PIL import Image
from tests.view.chromium import Chromium
from tests.view.packages import lively_avatar, lively_stage
from tests.view.viewer_pages import needs_chromium

from incarnate.drive.live import LiveFrame
from incarnate.drive.live_camera import channels_of, head_angles
from incarnate.drive.live_follow import Follower, FollowSettings, stacked
from incarnate.drive.live_pose import Poser
from incarnate.tracking.landmarks import Face, FaceFinder
from incarnate.tracking.video import read_video
from incarnate.view.package import read_package, write_package
from incarnate.view.web import write_web_folder
from incarnate.view.webcam import MODEL_NAME, PART_NAMES

pytestmark = [needs_chromium, pytest.mark.slow]

# Of the film: a face at rest, with its mouth open, and with closed eyes.
REST, OPEN, BLINK = 292, 305, 113
# A camera without a machine's own, that nobody has to be asked for.
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
# Addresses of what a page made itself.
OWN = ("data:", "blob:", "about:")

START_FINDER = """(async () => {
  const fetched = async (name) => (await fetch(name)).arrayBuffer();
  const packed = new Blob([await fetched('webcam/vision_wasm_internal.wasm.gz')]);
  const wasm = await new Response(
    packed.stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
  const worker = new Worker('webcam/worker.js');
  window.ask = (request) => new Promise((done) => {
    worker.onmessage = ({ data }) => done(data);
    worker.postMessage(request);
  });
  return ask({ wasm, model: await fetched('models/face_landmarker.task') });
})()"""


@pytest.fixture(scope="module")
def pictures(shared_data: Path) -> dict[int, UInt8[np.ndarray, "height width 3"]]:
    """The film's pictures by their numbers."""
    film = shared_data / "footage" / "talking-head.mp4"
    return {number: frame.image for number, frame in enumerate(read_video(film))}


@pytest.fixture(scope="module")
def face_model(shared_data: Path) -> Path:
    return shared_data / "models" / "face_landmarker.task"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, face_model: Path) -> Path:
    """What ``incarnate export --format web --webcam`` writes."""
    folder = tmp_path_factory.mktemp("camera")
    avatar = lively_avatar(400)
    write_package(avatar, lively_stage(avatar), folder / "made.glb")
    package = (folder / "made.glb").read_bytes()
    write_web_folder(package, folder / "site", face_model=face_model.read_bytes())
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Tests say enough."""


@contextmanager
def visitor(folder: Path, film: Path | None = None) -> Iterator[Chromium]:
    """The folder's page on a plain web server, which forbids a page nothing.

    Args:
        folder: With ``site``.
        film: What the visitor's camera sees.
    """
    handler = functools.partial(Quiet, directory=str(folder / "site"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flags: list[str] = [*CAMERA]
    if film is not None:
        flags.append(f"--use-file-for-fake-video-capture={film}")
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    with Chromium((480, 360), flags) as page:
        page.open(address)
        page.run("incarnate.ready.then(() => incarnate.page.play(false))")
        yield page
        asked = {url.partition("?")[0].removeprefix(address) for url in page.requests}
        assert {name for name in asked if ":" in name and not name.startswith(OWN)} == set()
        assert {*PART_NAMES, MODEL_NAME} <= asked
        assert page.console == []
    server.shutdown()
    server.server_close()


def encoded(picture: UInt8[np.ndarray, "height width 3"], kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, quality=95)
    return file.getvalue()


def found_in_browser(page: Chromium, picture: UInt8[np.ndarray, "h w 3"], time: int) -> Face:
    raw = base64.b64encode(encoded(picture, "png")).decode()
    found = page.run(
        f"(async () => {{ const blob = await (await fetch('data:image/png;base64,{raw}')).blob();"
        " const picture = await createImageBitmap(blob);"
        f" const {{ face }} = await ask({{ picture, time: {time} }});"
        " return { points: [...face.points], scores: Object.entries(face.scores) }; })()"
    )
    names, scores = zip(*found["scores"], strict=True)
    return Face(np.array(found["points"]).reshape(-1, 3), np.array(scores), names)


def test_the_browser_finds_what_python_finds(
    folder: Path, face_model: Path, pictures: dict[int, UInt8[np.ndarray, "height width 3"]]
) -> None:
    finder = FaceFinder(face_model)
    with visitor(folder) as page:
        assert page.run(START_FINDER) == {}
        for time, number in enumerate((0, 60, OPEN, BLINK, REST)):
            expected = finder.find(np.ascontiguousarray(pictures[number]))[0]
            face = found_in_browser(page, pictures[number], 33 * (time + 1))
            scores = dict(zip(face.score_names, face.scores, strict=True))
            found = [scores[name] for name in expected.score_names]
            # The same networks by other instructions: in thirty pictures 3e-4 and 0.05 pixels.
            np.testing.assert_allclose(found, expected.scores, atol=2e-3)
            np.testing.assert_allclose(face.points, expected.points, atol=0.3)
            turns = head_angles(face.points), head_angles(expected.points)
            np.testing.assert_allclose(*turns, atol=np.radians(0.05))
    finder.close()


def in_python(folder: Path, faces: list[Face]) -> list[tuple[float, float]]:
    """Jaw and left eyelid of the avatar for faces, of which the first is the driver at rest."""
    package = read_package(folder / "made.glb")
    poser = Poser(package.avatar.rig)
    poses = [poser(LiveFrame(0.0, face=channels_of(face))) for face in faces]
    unfiltered = FollowSettings(cutoff=None)
    follow = Follower(package.avatar.rig, package.stage.poses, stacked(poses[:1]), unfiltered)
    shown = [follow(pose, float(time)) for time, pose in enumerate(poses)]
    jaw = package.avatar.rig.joint_index("jaw") - 1
    lid = package.avatar.rig.expression_names.index("eyeBlinkLeft")
    return [(float(pose.joint_rotations[jaw, 0]), float(pose.expression[lid])) for pose in shown]


FOLLOW = """(async () => {
  const { live, webcam } = incarnate.page, seen = { phases: [], jaw: 0, lid: 0 };
  let end = performance.now() + 90000, isBlinking = false;
  while (performance.now() < end && live.phase !== 'failed') {
    if (seen.phases.at(-1) !== live.phase) seen.phases.push(live.phase);
    seen.jaw = Math.max(seen.jaw, 2 * Math.asin(live.pose?.rotations.jaw[0] ?? 0));
    seen.lid = Math.max(seen.lid, live.pose?.expression.eyeBlinkLeft ?? 0);
    // Until the filter has come to rest.
    if (!isBlinking && seen.jaw > 0.1 && seen.lid > 0.5) end = performance.now() + 3000;
    isBlinking ||= seen.jaw > 0.1 && seen.lid > 0.5;
    await new Promise((done) => setTimeout(done, 50));
  }
  return { ...seen, text: live.text };
})()"""


def test_a_page_follows_jaw_and_lids_before_the_camera(
    folder: Path,
    face_model: Path,
    tmp_path: Path,
    pictures: dict[int, UInt8[np.ndarray, "height width 3"]],
) -> None:
    film = tmp_path / "face.mjpeg"
    parts = {number: encoded(pictures[number], "jpeg") for number in (REST, OPEN, BLINK)}
    film.write_bytes(parts[REST] * 300 + parts[OPEN] * 180 + parts[BLINK] * 180)
    finder = FaceFinder(face_model)
    faces = [finder.find(np.ascontiguousarray(pictures[number]))[0] for number in parts]
    finder.close()
    (_, _), (jaw, _), (_, lid) = in_python(folder, faces)
    with visitor(folder, film) as page:
        page.run("incarnate.page.live.toggle(incarnate.page.webcam, incarnate.page.avatar)")
        seen = page.run(FOLLOW)
        assert seen["phases"] == ["waiting", "calibrating", "following"], seen
        # The camera's pictures went through JPEG, and the driver's rest is the median of several.
        assert seen["jaw"] == pytest.approx(jaw, abs=0.02)
        assert seen["lid"] == pytest.approx(lid, abs=0.05)
        page.run("incarnate.page.live.stop()")
        assert page.run("document.getElementById('camera')") is None
