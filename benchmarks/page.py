"""Writes the figures of a run into docs/rasterizer.md, with a plot beside it."""

from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PLOT = DOCS / "rasterizer.md", DOCS / "rasterizer_times.svg"
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"

Figures = dict[str, dict[str, float]]


def write(figures: Figures, machine: str) -> None:
    """Replace what stands between the page's two marks, and draw the plot."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    parts = (f"One thread of: {machine}.", _cases(figures), _plot_line(), _others(figures))
    PAGE.write_text(f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}", "utf-8")
    draw(figures)


def _plot_line() -> str:
    return f"![Time by splats, pixels and channels]({PLOT.name})"


def _cases(figures: Figures) -> str:
    lines = [
        "| scene | forward, ms | backward, ms | gsplat's torch path, ms | times ours |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, row in figures.items():
        if "forward" in row:
            theirs = f"{row['gsplat']:.0f}" if "gsplat" in row else ""
            ratio = f"{row['gsplat/ours']:.1f}" if "gsplat" in row else ""
            lines.append(
                f"| {name} | {row['forward']:.1f} | {row['backward']:.1f} | {theirs} | {ratio} |"
            )
    return "\n".join(lines)


def _others(figures: Figures) -> str:
    ratios, threads, errors = figures["ratios"], figures["two threads"], figures["errors"]
    memory, step = figures["memory"], figures["training step"]
    reference = next(value for name, value in ratios.items() if name.startswith("reference"))
    lines = [
        "| what | figure |",
        "| --- | ---: |",
        f"| backward over forward (40k, 512², 3 ch) | {ratios['backward/forward']:.2f} |",
        f"| 16 channels over 3 | {ratios['16 channels/3']:.2f} |",
        f"| plain reference over ours (10k, 256², 3 ch) | {reference:.0f} |",
        f"| processor time of two threads over one | {threads['cpu two/one']:.2f} |",
        "| time on the clock of one thread over two, if the machine is idle | "
        f"{threads['wall one/two']:.2f} |",
        f"| image against float64, largest error | {errors['image']:.1e} |",
        f"| gradients against float64, relative L2 | {errors['gradient']:.1e} |",
        f"| pixels left out of both: a cut may flip there | {errors['flipped']:.3%} |",
        f"| peak memory of a step (40k, 512², 16 ch), ours | {memory['ours, MB']:.0f} MB |",
        f"| the same, gsplat's torch path | {memory['gsplat, MB']:.0f} MB |",
    ]
    stages = ["| stage of a training step (20k splats, 512²) | ms |", "| --- | ---: |"]
    stages += [f"| {name} | {taken:.1f} |" for name, taken in step.items()]
    pictures = [
        "| a picture of an avatar (20k splats, 512²) | ms | a second |",
        "| --- | ---: | ---: |",
    ]
    pictures += [
        f"| {name} | {taken:.1f} | {1e3 / taken:.0f} |"
        for name, taken in figures["picture"].items()
    ]
    tables = (lines, stages, pictures, body_table(figures["body"]))
    return "\n\n".join("\n".join(table) for table in tables)


def body_table(times: dict[str, float]) -> list[str]:
    """Parts of a body's picture, and whole pictures a second."""
    lines = ["| a picture of a body (23k splats, 512²) | ms | a second |", "| --- | ---: | ---: |"]
    for name, taken in times.items():
        rate = f"{1e3 / taken:.0f}" if name.startswith("a picture") else ""
        lines.append(f"| {name} | {taken:.1f} | {rate} |")
    return lines


def draw(figures: Figures) -> None:
    """Milliseconds of a forward and backward pass over the number of splats."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "incarnate"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
    counts = (10, 40, 160)
    for axis, channels in zip(axes, (3, 16), strict=True):
        for size in (256, 512, 1024):
            rows = [figures[f"{count}k, {size}², {channels} ch"] for count in counts]
            times = [row["forward"] + row["backward"] for row in rows]
            axis.plot(counts, times, marker="o", label=f"{size}²")
        axis.set(
            xscale="log", yscale="log", title=f"{channels} channels", xlabel="splats, thousands"
        )
        axis.set_xticks(counts, [str(count) for count in counts])
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("forward + backward, ms")
    axes[0].legend(title="pixels", frameon=False)
    figure.savefig(PLOT, metadata={"Date": None})
    plt.close(figure)
