"""How many pictures a second an avatar is drawn at: 20k splats, 512², all cores of two."""

import torch
from benchmarks.timing import Threads, cpu_time, interleaved, wall_time
from benchmarks.training_step import head_setting

from incarnate.avatars.avatar import render
from incarnate.light.procedural import procedural_environment


def frame_rates(repeats: int = 15) -> dict[str, float]:
    """Milliseconds of a picture, on the clock with two threads and of processor time with one.

    In the light of the training capture, and under another, which is filtered once for a clip.
    """
    avatar, pose, frame = head_setting()
    avatar.requires_grad_(False).eval()
    sky = procedural_environment("sky")
    works = {
        "own light": lambda: render(avatar, pose, frame.camera),
        "sky": lambda: render(avatar, pose, frame.camera, sky),
    }
    times: dict[str, float] = {}
    with torch.no_grad():
        with Threads(2):
            for name, taken in interleaved(works, repeats, wall_time).items():
                times[f"{name}, two threads, wall"] = 1e3 * taken
        with Threads(1):
            for name, taken in interleaved(works, repeats, cpu_time).items():
                times[f"{name}, one thread, CPU"] = 1e3 * taken
    return times
