"""What a body avatar is made of: sizes and switches."""

from dataclasses import dataclass, field, replace
from typing import Literal

from incarnate.avatars.map_network import NetworkModel
from incarnate.avatars.pose_changes import POSE_CHANNELS
from incarnate.avatars.pose_condition import ConditionModel
from incarnate.avatars.pose_signature import SIGNATURE_SIZE


@dataclass(frozen=True)
class BodyModel:
    """What the body avatar is made of; sizes and switches that its weights depend on."""

    map_size: int = 256
    """Pixels along a side of the position maps: more pixels, more splats."""
    dependence: Literal["posed", "static"] = "posed"
    """Whether splats change with the pose, or are only skinned."""
    network: NetworkModel | None = field(default_factory=NetworkModel)
    """What paints the changes of a pose; None leaves it to the memory."""
    history: tuple[float, ...] = (0.1,)
    """Seconds back over which the condition sees the surface move: cloth depends on how a pose
    was reached."""
    gravity: bool = False
    """Whether the condition sees where down is."""
    key_poses: int = 160
    """Poses of which the memory keeps a map; 0 is no memory."""
    memory_size: int = 32
    """Pixels along a side of a memory's map."""
    memory_width: float = 1.0
    """Width of the memory's kernel, in median distances between neighbouring key poses."""
    memory_details: Literal["splats", "none"] = "splats"
    """Whether the memory keeps what is common to all its poses for each splat, besides its maps,
    which are coarse."""
    influences: int = 8
    """Joints of each splat whose weights are learned, from the largest weight down; 0 keeps the
    surface's weights."""
    shading: Literal["shaded", "baked"] = "shaded"
    """Materials under a light, or one colour a splat that can't be relit."""
    light_height: int = 16
    """Rows of the learned equirectangular light; it has twice as many columns."""

    @property
    def condition(self) -> ConditionModel:
        """What the network sees of a pose."""
        size = 64 if self.network is None else self.network.condition_size
        return ConditionModel(size, self.history, self.gravity)

    @property
    def painter(self) -> NetworkModel:
        """The network, with the channels that this avatar gives it and asks of it."""
        assert self.network is not None, "nothing but the memory paints this body"
        return replace(
            self.network,
            condition_channels=self.condition.num_channels,
            channels=POSE_CHANNELS,
            view_channels=0,
        )

    @property
    def signature(self) -> ConditionModel:
        """What the memory tells poses apart by."""
        return ConditionModel(SIGNATURE_SIZE, self.history, self.gravity)
