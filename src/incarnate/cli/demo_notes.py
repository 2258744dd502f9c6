"""What ``incarnate demo`` remembers between runs, and the tables it ends with."""

import json
from pathlib import Path
from typing import Final, final

from incarnate.errors import IncarnateError
from incarnate.whole_files import write_whole

_NAME: Final = "demo.json"
_FIGURES: Final = (
    ("psnr", "PSNR, whole picture", "{:.2f} dB"),
    ("psnr_matte", "PSNR inside the matte", "{:.2f} dB"),
    ("ssim", "SSIM", "{:.4f}"),
    ("lpips_vgg", "LPIPS (VGG16)", "{:.4f}"),
    ("psnr_relit", "PSNR relit, after gain", "{:.2f} dB"),
    ("normal_degrees", "normals off by", "{:.1f}°"),
    ("psnr_albedo", "PSNR of albedo, after gain", "{:.2f} dB"),
)


@final
class DemoNotes:
    """Seconds of each stage and the figure to beat, kept in the demo's folder."""

    def __init__(self, path: Path, content: dict) -> None:
        self._path = path
        self._content = content

    @property
    def untrained_psnr(self) -> float | None:
        """PSNR of the avatar before its first step, dB; None before it was measured."""
        return self._content.get("untrained_psnr")

    @property
    def seconds(self) -> dict[str, tuple[float, float]]:
        """Seconds by the clock and of all CPU cores together, for each stage that ran."""
        return {name: (wall, cpu) for name, (wall, cpu) in self._content["seconds"].items()}

    def set_untrained_psnr(self, value: float) -> None:
        """Remember the figure that training has to beat."""
        self._content["untrained_psnr"] = value
        self._write()

    def add_seconds(self, stage: str, wall: float, cpu: float) -> None:
        """Remember how long a stage took; a stage that was broken off counts only its last run."""
        self._content["seconds"][stage] = (round(wall, 2), round(cpu, 2))
        self._write()

    def _write(self) -> None:
        write_whole(json.dumps(self._content, indent=1) + "\n", self._path)


def open_notes(folder: Path, preset: str, video: Path | None) -> DemoNotes:
    """The notes of a demo, new or from an earlier run.

    Args:
        folder: The demo's folder; made if it does not exist.
        preset: Of this run.
        video: Of this run.

    Raises:
        IncarnateError: The folder holds a demo of another preset or video, or something else.
    """
    path = folder / _NAME
    wanted = {"preset": preset, "video": None if video is None else str(video.resolve())}
    if path.is_file():
        content = json.loads(path.read_text(encoding="utf-8"))
        differs = [f"{key} {content[key]}" for key in wanted if content[key] != wanted[key]]
        if differs:
            raise IncarnateError(
                f"{folder} holds a demo with {' and '.join(differs)}; give another folder with "
                "--out, or delete this one to start again."
            )
        return DemoNotes(path, content)
    if folder.is_dir() and any(folder.iterdir()):
        raise IncarnateError(
            f"{folder} exists and holds no demo; it is left alone. Give another folder with --out."
        )
    folder.mkdir(parents=True, exist_ok=True)
    notes = DemoNotes(path, {**wanted, "seconds": {}})
    notes._write()
    return notes


def figures_table(report: Path, notes: DemoNotes) -> str:
    """The figures of a report, and what training has gained.

    Args:
        report: The report's JSON file.
        notes: The demo's notes.
    """
    content = json.loads(report.read_text(encoding="utf-8"))
    rows = [(label, text.format(content[key])) for key, label, text in _FIGURES
            if content[key] is not None]  # fmt: skip
    before = notes.untrained_psnr
    if before is not None:
        gain = content["psnr"] - before
        rows.insert(1, ("PSNR before training", f"{before:.2f} dB ({gain:+.2f} dB by training)"))
    return _aligned(f"figures on {content['num_frames']} unseen frames", rows)


def seconds_table(notes: DemoNotes) -> str:
    """How long each stage took, and all together; a busy machine shows in the clock only."""
    seconds = notes.seconds
    totals = [sum(pair[i] for pair in seconds.values()) for i in range(2)]
    rows = [
        (name, f"{wall:7.1f} s  {cpu:7.1f} s of CPU")
        for name, (wall, cpu) in (*seconds.items(), ("together", totals))
    ]
    return _aligned("time", rows)


def _aligned(title: str, rows: list[tuple[str, str]]) -> str:
    width = max(len(label) for label, _ in rows)
    return "\n".join([f"{title}:", *(f"  {label:<{width}}  {text}" for label, text in rows)])
