"""What phones and VRM programs send, written plainly, and a socket to send it."""

import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from incarnate.drive.livelink import WIRE_CHANNELS
from incarnate.drive.vmc import BONE_PARENTS
from incarnate.rigs.canonical import limbs_pose
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.joint_names import smplx_names
from incarnate.rigs.skinning import world_from_rest_joints


def face_packet(
    frame: int = 0, *, device: str = "phone-1", subject: str = "Ada", fps: int = 60, **values: float
) -> bytes:
    """Version 6 of Live Link Face; channels that are not named are zero."""
    rows = [values.get(name, 0.0) for name in WIRE_CHANNELS]
    texts = b"".join(struct.pack(">i", len(t.encode())) + t.encode() for t in (device, subject))
    return b"\x06" + texts + struct.pack(">ifiiB61f", frame, 0.0, fps, 1, 61, *rows)


def osc(address: str, *values: "str | float | int") -> bytes:
    """One message."""
    kinds = {str: "s", float: "f", int: "i"}
    packed = b"".join(
        _text(v) if isinstance(v, str) else struct.pack(f">{kinds[type(v)]}", v) for v in values
    )
    return _text(address) + _text("," + "".join(kinds[type(v)] for v in values)) + packed


def bundle(*messages: bytes) -> bytes:
    """Messages as one packet, to be acted on at once."""
    parts = b"".join(struct.pack(">i", len(message)) + message for message in messages)
    return b"#bundle\0" + struct.pack(">Q", 1) + parts


def blend(**values: float) -> bytes:
    """Blendshapes, and that they are to be applied."""
    shapes = [osc("/VMC/Ext/Blend/Val", name, value) for name, value in values.items()]
    return bundle(*shapes, osc("/VMC/Ext/Blend/Apply"))


def bones(
    turns: Mapping[str, Rotation] | None = None,
    *,
    hips: tuple[float, float, float] = (0.0, 0.9, 0.0),
    offsets: "Mapping[str, np.ndarray] | None" = None,
) -> bytes:
    """All bones of a model; turns and offsets in our axes, local, since the T-pose."""
    turns, messages = turns or {}, []
    for name in BONE_PARENTS:
        px, py, pz = hips if name == "Hips" else (offsets or {}).get(name, np.zeros(3))
        x, y, z, w = turns.get(name, Rotation.identity()).as_quat()
        # Into Unity's axes, whose x points to the other side.
        numbers = (-px, py, pz, x, -y, -z, w)
        messages.append(osc("/VMC/Ext/Bone/Pos", name, *(float(number) for number in numbers)))
    return bundle(*messages, osc("/VMC/Ext/T", 1.0))


def t_posed_offsets(scale: float = 1.0) -> dict[str, np.ndarray]:
    """Where the embedded body's joints lie in their parents, in a T-pose."""
    rig = default_body_rig()
    world = world_from_rest_joints(rig, limbs_pose(rig, leg_spread=0.03)).double()
    joints = (world[:, :3, :3] @ rig.joints.double()[..., None])[..., 0] + world[:, :3, 3]
    named = dict(zip(BONE_PARENTS, smplx_names(tuple(BONE_PARENTS)), strict=True))
    place = {bone: joints[rig.joint_index(name)].numpy() for bone, name in named.items()}
    return {
        bone: scale * (place[bone] - place[parent])
        for bone, parent in BONE_PARENTS.items()
        if parent
    }


def turn(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Rotation:
    """About one of our axes, radians."""
    return Rotation.from_rotvec([x, y, z])


@contextmanager
def sender(port: int, host: str = "127.0.0.1") -> Iterator[Callable[[bytes], int]]:
    """Sends packets to a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect((host, port))
        yield out.send


def eventually(check: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something holds: packets take their time, even on loopback."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)


def degrees_between(first: torch.Tensor, second: torch.Tensor) -> float:
    """The largest angle between two sets of axis-angles."""
    one, two = (Rotation.from_rotvec(v.reshape(-1, 3).double().numpy()) for v in (first, second))
    return float(np.rad2deg((one * two.inv()).magnitude()).max())


def _text(text: str) -> bytes:
    content = text.encode()
    return content + b"\0" * (4 - len(content) % 4)
