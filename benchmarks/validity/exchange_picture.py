"""Draws docs/concepts/exchange.svg: what changes places where samples are exchanged, and where jobs are."""

from collections.abc import Callable, Iterator
from pathlib import Path

PICTURE = Path(__file__).parents[2] / "docs" / "concepts" / "exchange.svg"
JOBS, SAMPLES, SIDE, GAP = 3, 4, 22, 4
WIDTH, HEIGHT = 700, 290
COLOURS = {"run": "#2b6cb0", "other": "#dd8b2f"}
Owner = Callable[[int, int, str], str]
"""By job, sample and run whose answers lie there."""
# One exchange among many, drawn by hand: which of a job's samples lie in the other run.
MOVED = {(0, 1), (0, 2), (1, 0), (2, 0), (2, 1), (2, 3)}
TITLES = {
    "as observed": lambda job, sample, run: run,
    "samples exchanged": lambda job, sample, run: other(run) if (job, sample) in MOVED else run,
    "jobs exchanged": lambda job, sample, run: other(run) if job == 1 else run,
}


def other(run: str) -> str:
    """The run that is not this one."""
    return "other" if run == "run" else "run"


def picture() -> str:
    """The picture as SVG."""
    parts = [
        part for place, (title, owner) in enumerate(TITLES.items()) for part in _panel(80 + 215 * place, title, owner)
    ]
    names = [_text(70, _row(row) + 15, f"job {job + 1}, {run}", "end") for row, job, run in _rows()]
    legend = "a square is a sample: an answer to the control, with all answers that were compared with it"
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *names,
            *parts,
            _text(WIDTH / 2, HEIGHT - 12, legend, "middle"),
            "</svg>",
            "",
        ]
    )


def main() -> None:
    """Writes the picture."""
    PICTURE.write_text(picture(), encoding="utf-8")


def _panel(left: float, title: str, owner: Owner) -> Iterator[str]:
    yield _text(left + 2 * (SIDE + GAP), 24, title, "middle")
    for row, job, run in _rows():
        for sample in range(SAMPLES):
            colour = COLOURS[owner(job, sample, run)]
            x = left + sample * (SIDE + GAP)
            yield f'<rect x="{x}" y="{_row(row)}" width="{SIDE}" height="{SIDE}" rx="3" fill="{colour}"/>'


def _rows() -> list[tuple[int, int, str]]:
    return [(2 * job + k, job, run) for job in range(JOBS) for k, run in enumerate(COLOURS)]


def _row(row: int) -> float:
    return 40 + row * (SIDE + GAP) + 14 * (row // 2)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#1a202c">{text}</text>'


if __name__ == "__main__":
    main()
