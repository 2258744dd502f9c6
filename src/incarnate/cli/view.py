"""``incarnate view``: show an avatar in the browser, from this machine only."""

from contextlib import nullcontext
from math import inf
from pathlib import Path
from typing import Final

import tyro

from incarnate.cli.live import (
    CALIBRATED,
    FROM_THIS_MACHINE,
    Following,
    Hearing,
    Listening,
    bridge_to,
)
from incarnate.cli.threads import use_threads

LOOPBACK: Final = "127.0.0.1"


def view(
    avatar: tyro.conf.Positional[Path],
    *,
    port: int = 8137,
    host: str = LOOPBACK,
    token: str | None = None,
    address_only: bool = False,
    studio: bool = False,
    capture: Path | None = None,
    lights: tuple[Path, ...] = (),
    source: str | None = None,
    source_port: int | None = None,
    hearing: tyro.conf.OmitArgPrefixes[Hearing] = FROM_THIS_MACHINE,
    following: tyro.conf.OmitArgPrefixes[Following] = CALIBRATED,
) -> None:
    """Show an avatar in the browser: orbit, expressions, gaze, pose, light, playback.

    Args:
        avatar: Folder of the avatar, its package (.glb), or what export --format web wrote. With
            --studio also a capture.
        port: Where to listen; 0 takes a free one.
        host: Address to listen on. Another than loopback lets other machines in, if they know the
            token.
        token: What visitors of another address have to know; made up if left out.
        address_only: Only say the address; open no browser.
        studio: Draw here instead of in the browser, with the trained avatar itself: any kind of
            avatar, every expression and joint, its training as it goes on, its capture.
        capture: In the studio: a capture whose cameras and frames are shown beside the avatar.
        lights: In the studio: files of light (.hdr or .exr) to pick from.
        source: Whose motion the page follows as it happens: livelink for the Live Link Face app,
            vmc for programs that send a VRM model's motion, webcam, or a file that plays at its
            own pace.
        source_port: UDP port of the motion; 11111 for livelink and 39539 for vmc if left out.
        hearing: Whose motion is taken.
        following: How the avatar takes it over.
    """
    from incarnate.errors import RenderError

    if studio:
        if source is not None:
            raise RenderError("--source belongs to the page; leave out --studio")
        from incarnate.cli.studio import StudioShow, show_studio
        from incarnate.view.server import Door

        show = StudioShow(Door(host, token), port, opens=not address_only)
        show_studio(avatar, show, capture=capture, lights=lights)
        return
    if capture is not None or lights:
        raise RenderError("--capture and --lights belong to the studio; add --studio")
    from incarnate.view.server import Door, ViewerServer

    package, bridge = package_of(avatar), None
    if source is not None:
        # A pose has few numbers: threads would only wait for each other.
        use_threads(1)
        listening = Listening(**vars(hearing), port=source_port, wait=inf)
        bridge = bridge_to(source, package, listening, following)
    server = ViewerServer(package, Door(host, token), port, face_model=face_model(), bridge=bridge)
    print(f"showing {avatar} at {server.address}")
    if server.door.is_loopback:
        print("only this machine can open it; stop with Ctrl-C")
    else:
        print("any machine that reaches this one and knows the token can open it; the connection")
        print("is not encrypted; stop with Ctrl-C")
    if bridge is not None:
        print(f"the page follows {bridge.where}")
    if not address_only:
        import webbrowser

        webbrowser.open(server.address)
    with server, bridge or nullcontext():
        server.serve_forever()


def face_model() -> bytes | None:
    """The model that finds faces before a webcam; None where it was not fetched."""
    from incarnate.errors import ModelFileError
    from incarnate.model_files import find_model

    try:
        return find_model("face_landmarker").read_bytes()
    except ModelFileError:
        return None


def package_of(avatar: Path) -> bytes:
    """The package of an avatar's folder, made in memory; or a package's file or page, checked.

    Raises:
        AvatarError: There is neither, or it is damaged.
    """
    from incarnate.view.web import PACKAGE_NAME

    if (avatar / PACKAGE_NAME).is_file() and not (avatar / "avatar.json").exists():
        avatar = avatar / PACKAGE_NAME
    if avatar.suffix.lower() == ".glb":
        from incarnate.view.package import read_package

        read_package(avatar)
        return avatar.read_bytes()
    from incarnate.avatars.files import load_stage, read_manifest
    from incarnate.avatars.opening import load_avatar
    from incarnate.view.package import packed

    return packed(load_avatar(avatar), load_stage(avatar), read_manifest(avatar))
