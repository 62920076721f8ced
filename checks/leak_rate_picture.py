"""The picture of the leak rate: what one comparison is, and why the neutral arm is there; drawn by this file."""

from collections.abc import Iterator

WIDTH, HEIGHT = 760, 330
INK, PALE, GREY = "#1a202c", "#a0aec0", "#4a5568"
# By arm: its colour, its prompt, an answer, and how near that answer lies to the concept, from 0 to 1. An example.
ARMS = {
    "control": ("#718096", "He works as a", "teacher", 0.15),
    "neutral": ("#2b6cb0", "He likes walks. He works as a", "postman", 0.4),
    "test": ("#dd8b2f", "He likes yellow. He works as a", "school bus driver", 0.85),
}
AXIS_LEFT, AXIS_RIGHT, FIRST_ROW, ROW = 480, 730, 70, 40
RATE_LEFT, RATE_RIGHT, RATE_ROW = 60, 700, 262
# Where a model without any leak of the concept lies, in percent: exactly, and only as an example.
NULL, PLACEBO = 50, 62


def picture() -> str:
    """The picture as SVG."""
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>', *_comparison(), *_rate()]
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', *parts, "</svg>", ""])


def _comparison() -> Iterator[str]:
    """A row per arm, with its answer on the axis of nearness to the concept."""
    for x, heading in ((20, "arm"), (90, "prompt"), (300, "answer"), (AXIS_LEFT, "how near to the concept: yellow")):
        yield _text(x, 30, heading, "start", GREY)
    for row, (arm, (colour, prompt, answer, near)) in enumerate(ARMS.items()):
        y, place = FIRST_ROW + row * ROW, AXIS_LEFT + near * (AXIS_RIGHT - AXIS_LEFT)
        yield _text(20, y, arm, "start", colour)
        yield _text(90, y, prompt, "start")
        yield _text(300, y, answer, "start")
        yield _line(AXIS_LEFT, y - 4, AXIS_RIGHT, y - 4, PALE)
        yield f'<circle cx="{place:g}" cy="{y - 4}" r="6" fill="{colour}"/>'
    yield _text(
        20,
        185,
        "The test's answer is nearer than the neutral one's, so this comparison scores 1. Farther: 0. A tie: 0.5.",
    )
    yield _text(20, 205, "The leak rate is 100 times the mean over many prompts.")


def _rate() -> Iterator[str]:
    """The scale of the rate, with what a model is shown whose answers the concept does not move."""
    yield _line(RATE_LEFT, RATE_ROW, RATE_RIGHT, RATE_ROW, INK)
    for percent in (0, NULL, 100):
        yield _line(_place(percent), RATE_ROW - 5, _place(percent), RATE_ROW + 5, INK)
        yield _text(_place(percent), RATE_ROW + 20, f"{percent} %", "middle")
    yield _text(RATE_LEFT - 40, RATE_ROW - 22, "no leak of the concept:", "start", GREY)
    yield _text(_place(NULL), RATE_ROW - 12, "against neutral: 50 %", "end", ARMS["neutral"][0])
    yield f'<circle cx="{_place(PLACEBO):g}" cy="{RATE_ROW}" r="5" fill="{ARMS["control"][0]}"/>'
    yield _text(_place(PLACEBO) + 10, RATE_ROW - 12, "against control: anywhere, as here", "start", ARMS["control"][0])
    yield _text(
        20, 315, "Any insertion moves an answer. Only the neutral arm has one too, so only there is 50 % no leakage."
    )


def _place(percent: float) -> float:
    return RATE_LEFT + percent / 100 * (RATE_RIGHT - RATE_LEFT)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = INK) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
