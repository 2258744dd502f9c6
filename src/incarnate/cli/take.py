"""The pictures of a live take: drawn afterwards at a steady rate, or at once as far as possible."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from incarnate.cli.progress import ConsoleProgress
from incarnate.cli.render import Lighting, View, cameras_of, lights_of

if TYPE_CHECKING:
    from incarnate.avatars.avatar import Avatar
    from incarnate.avatars.files import Stage
    from incarnate.drive.live import LiveSource
    from incarnate.drive.live_follow import Follower
    from incarnate.drive.live_take import Latency, Pace, Sample
    from incarnate.rigs.rig import Pose
    from incarnate.view.clip import Look, Shot
    from incarnate.view.video import VideoWriter


def tell(text: str) -> None:
    """Say what was dropped."""
    print(f"warning: {text}")


def prepare(who: "Avatar", stage: "Stage", look: "Look", lighting: Lighting, view: View) -> None:
    """Draw one picture and forget it: shadows are prepared by the first, which takes seconds.

    Raises:
        RenderError: Camera, light and background don't fit each other.
        LightError: There is no such light.
    """
    from incarnate.view.clip import Shot, picture_of

    camera = cameras_of(view, stage.camera, who, stage.poses[:1])[0]
    picture_of(who, Shot(stage.poses[0], camera, lights_of(lighting, 1)[0]), look)


@dataclass(frozen=True)
class SetUp:
    """Who is drawn, how they follow, and where they are seen."""

    who: "Avatar"
    stage: "Stage"
    follower: "Follower"
    lighting: Lighting
    view: View

    def followed(self, sample: "Sample", fps: float) -> "Pose":
        """The avatar's pose for a sample of a take at so many pictures a second."""
        return self.follower(sample.pose, sample.index / fps)

    def shots(self, poses: "list[Pose]", count: int) -> "Callable[[int, Pose], Shot]":
        """Shots by index and pose, for a take of so many."""
        import torch

        from incarnate.view.clip import Shot

        still = poses[0].as_batch()[torch.zeros(count, dtype=torch.long)]
        cameras = cameras_of(self.view, self.stage.camera, self.who, still)
        lights = lights_of(self.lighting, count)
        return lambda index, pose: Shot(pose, cameras[index], lights[index])


def draw_steady(
    set_up: SetUp, live: "LiveSource", pace: "Pace", look: "Look", writer: "VideoWriter"
) -> str:
    """Take all poses first; where one moment was missed, the one before stands for it.

    Returns:
        How old motion was when it was taken.

    Raises:
        DriveError: The source had ended.
    """
    import time

    from incarnate.drive.live_follow import stacked
    from incarnate.drive.live_take import Latency, samples
    from incarnate.rigs.moments import moments
    from incarnate.view.clip import picture_of

    poses: list[Pose] = []
    ages: list[float] = []
    for sample in samples(live, pace, tell):
        pose = set_up.followed(sample, pace.fps)
        poses.extend(poses[-1:] * (sample.index - len(poses)))
        poses.append(pose)
        ages.append(sample.age)
    _check_any(ages)
    shot = set_up.shots(poses, len(poses))
    start = time.perf_counter()
    with ConsoleProgress() as progress:
        for index, pose in enumerate(moments(stacked(poses), pace.fps)):
            writer.write(picture_of(set_up.who, shot(index, pose), look))
            progress(index + 1, len(poses), "drawing pictures")
    took = (time.perf_counter() - start) / len(poses)
    age = Latency.of(ages)
    return (
        f"latency: motion was {_told(age)} old when taken; drawing took {1000 * took:.0f} ms a "
        "picture, which a live picture would add"
    )


def draw_live(
    set_up: SetUp, live: "LiveSource", pace: "Pace", look: "Look", writer: "VideoWriter"
) -> str:
    """Draw each pose at once; the picture before is shown again until the next is ready.

    Returns:
        How old motion was when it was seen.

    Raises:
        DriveError: The source had ended.
    """
    import time

    from incarnate.drive.live_follow import stacked
    from incarnate.drive.live_take import Latency, samples
    from incarnate.rigs.moments import moment
    from incarnate.view.clip import picture_of
    from incarnate.view.queued_video import QueuedWriter

    past: list[tuple[float, Pose]] = []
    ages: list[float] = []
    shot = picture = None
    with QueuedWriter(writer) as queue:
        for sample in samples(live, pace, tell):
            begun = time.perf_counter()
            past = [*past[-60:], (sample.index / pace.fps, set_up.followed(sample, pace.fps))]
            poses = [pose for _, pose in past]
            shot = shot or set_up.shots(poses, pace.num_samples)
            now = moment(stacked(poses), [when for when, _ in past], len(past) - 1)
            fresh = picture_of(set_up.who, shot(sample.index, now), look)
            ages.append(sample.age + time.perf_counter() - begun)
            if picture is not None:
                queue.write(picture, sample.index - queue.num_frames)
            picture = fresh
            queue.write(picture)
        if picture is not None and not live.has_ended:
            queue.write(picture, pace.num_samples - queue.num_frames)
    _check_any(ages)
    age = Latency.of(ages)
    return (
        f"latency: motion was {_told(age)} old when its picture was ready; {len(ages)} of "
        f"{writer.num_frames} pictures drawn, the others shown again"
    )


def _told(age: "Latency") -> str:
    return f"{1000 * age.median:.0f} ms (median; 95 in 100 at most {1000 * age.most:.0f} ms)"


def _check_any(ages: list[float]) -> None:
    from incarnate.errors import DriveError

    if not ages:
        raise DriveError("the source ended before the take began: try --calibrate 0")
