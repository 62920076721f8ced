"""Charts as SVG, drawn here: they need no script, follow the page's colours, and keep their letters at any width.

Along x everything is in percent of the plot, so that a chart is as wide as its place; along y in pixels. Colours and
strokes are the style sheet's, by class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil, floor, log10

from markupsafe import Markup, escape

HEIGHT, TOP, BOTTOM = 190, 18, 22
SPARK_WIDTH, SPARK_HEIGHT = 120.0, 28.0
INTERVAL_HEIGHT = 14
# In percent: what lies left of it is the place of the numbers along y, also on a phone.
LEFT, RIGHT = 10.5, 98.5
EDGE = 9.0
"""Where lines across begin; the numbers along y end before it."""
FEW_MINUTES, FEW_DAYS, MANY_DAYS = 4, 4, 300
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Mark:
    """A run in a chart: its time (Unix, seconds), value and interval, where it leads and what it is called.

    `kind` is a class of the style sheet: `sound`, or `doubtful` for one that must not be trusted as it stands.
    """

    at: float
    value: float
    low: float | None
    high: float | None
    href: str
    label: str
    kind: str = "sound"


@dataclass(frozen=True)
class Line:
    """A level or a time that a chart shows across, with its name."""

    at: float
    label: str


def trend(
    marks: Sequence[Mark],
    title: str,
    *,
    levels: Sequence[Line] = (),
    band: tuple[float, float] | None = None,
    times: Sequence[Line] = (),
    logarithmic: bool = False,
) -> Markup:
    """Values over time with their intervals; `band` is shaded, `levels` and `times` are lines across.

    Empty where there is no mark.
    """
    if not marks:
        return Markup("")
    y = _Scale.over([*_extent(marks), *(level.at for level in levels), *(band or ())], logarithmic)
    x = _Times(min(mark.at for mark in marks), max(mark.at for mark in marks))
    parts = [f'<svg class="trend" role="group" width="100%" height="{HEIGHT}" aria-label="{escape(title)}">']
    if band:
        parts.append(_band(*band, y))
    parts += _grid(y)
    parts += [_level(line, y) for line in levels]
    parts += [_time(line, x) for line in times if x.first <= line.at <= x.last]
    parts += _dates(x)
    parts += [_segment(one, other, x, y) for one, other in pairwise(marks)]
    parts += [_mark(mark, x, y) for mark in marks]
    return Markup("".join([*parts, "</svg>"]))  # every name in it is escaped where it is put in


def spark(values: Sequence[tuple[float, float, float]], reference: float | None, title: str) -> Markup:
    """A small line of rates over its intervals, oldest first; empty with fewer than two."""
    if len(values) < 2:
        return Markup("")
    lows, highs = [low for _, low, _ in values], [high for _, _, high in values]
    bottom, top = min(*lows, reference or 100.0), max(*highs, reference or 0.0)

    def place(number: int, value: float) -> str:
        share = (value - bottom) / (top - bottom or 1)
        return f"{SPARK_WIDTH * number / (len(values) - 1):.0f},{SPARK_HEIGHT - 2 - (SPARK_HEIGHT - 4) * share:.1f}"

    above = [place(number, value) for number, value in enumerate(highs)]
    below = [place(number, value) for number, value in enumerate(lows)]
    line = [place(number, value) for number, (value, _, _) in enumerate(values)]
    level = "" if reference is None else place(0, reference).partition(",")[2]
    rule = f'<path class="null" d="M0,{level}H{SPARK_WIDTH:.0f}"/>' if level else ""
    return Markup(
        f'<svg class="spark" role="img" viewBox="0 0 {SPARK_WIDTH:.0f} {SPARK_HEIGHT:.0f}" preserveAspectRatio="none"'
        f' aria-label="{escape(title)}"><polygon class="band" points="{" ".join([*above, *reversed(below)])}"/>{rule}'
        f'<polyline class="line" points="{" ".join(line)}"/></svg>'
    )


def interval(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    domain: tuple[float, float] = (0.0, 100.0),
    reference: float | None = 50.0,
    kind: str = "sound",
) -> Markup:
    """An estimate with its interval on a line of its own; hidden from screen readers, who have the numbers beside it.

    Empty where there is no estimate.
    """
    if value is None or low is None or high is None:
        return Markup("")
    bottom, top = domain

    def x(at: float) -> str:
        return f"{100 * min(max((at - bottom) / (top - bottom), 0), 1):.2f}%"

    middle = INTERVAL_HEIGHT // 2
    null = "" if reference is None else f'<line class="null" x1="{x(reference)}" x2="{x(reference)}" y2="100%"/>'
    return Markup(
        f'<svg class="interval {kind}" width="100%" height="{INTERVAL_HEIGHT}" aria-hidden="true">'
        f'<line class="axis" x2="100%" y1="{middle}" y2="{middle}"/>{null}'
        f'<line class="ci" x1="{x(low)}" x2="{x(high)}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="dot" cx="{x(value)}" cy="{middle}" r="3.5"/></svg>'
    )


def scatter(marks: Sequence[Mark], title: str, x_label: str) -> Markup:
    """Values (y) against another number (`at`, x) in percent, with intervals; empty where there is no mark."""
    if not marks:
        return Markup("")
    y = _Scale.over([*_extent(marks)], False)
    x = _Scale.over([mark.at for mark in marks], False)

    def place(at: float) -> float:
        return LEFT + (RIGHT - LEFT) * (at - x.bottom) / (x.top - x.bottom)

    parts = [f'<svg class="trend" role="img" width="100%" height="{HEIGHT + 16}" aria-label="{escape(title)}">']
    parts += _grid(y)
    parts += [
        f'<text class="date" x="50%" y="{HEIGHT + 12}" text-anchor="middle">{escape(x_label)}</text>',
    ]
    parts += [
        f'<text class="date" x="{place(at):.1f}%" y="{HEIGHT - 6}" text-anchor="middle">{_tick(at)}</text>'
        for at in x.ticks
    ]
    for number, mark in enumerate(marks, 1):
        where = f"{place(mark.at):.2f}%"
        parts.append(_interval_line(mark, where, y) + _dot(mark, where, y))
        # By number, as in the table above: names would lie on one another.
        top = y(mark.value if mark.high is None else mark.high) - 5
        parts.append(f'<text class="name" x="{where}" y="{top:.1f}" text-anchor="middle">{number}</text>')
    return Markup("".join([*parts, "</svg>"]))  # as above


@dataclass(frozen=True)
class _Scale:
    bottom: float
    top: float
    ticks: Sequence[float]
    logarithmic: bool

    @classmethod
    def over(cls, values: Sequence[float], logarithmic: bool) -> "_Scale":
        """A scale with round ends around the values."""
        if logarithmic:
            low, high = floor(log10(max(min(values), 1e-6))), ceil(log10(max(*values, 1e-6)))
            step = max(1, ceil((high - low) / 5))
            ticks = [10.0**power for power in range(low, high + 1, step)]
            return cls(low, max(high, low + 1), ticks, True)
        spread = max(values) - min(values) or 10.0
        step = next(size for size in (1, 2, 5, 10, 20, 25, 50, 100, 1000) if spread / size <= 5)
        low, high = step * floor(min(values) / step), step * ceil(max(values) / step)
        if high == low:
            # No share is above 100 %.
            low, high = (low - step, high) if high == 100 else (low, low + step)
        return cls(low, high, [float(at) for at in range(low, high + 1, step)], False)

    def __call__(self, value: float) -> float:
        at = log10(max(value, 1e-6)) if self.logarithmic else value
        share = min(max((at - self.bottom) / (self.top - self.bottom), 0.0), 1.0)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


@dataclass(frozen=True)
class _Times:
    first: float
    last: float

    def __call__(self, at: float) -> str:
        span = self.last - self.first
        return f"{LEFT + (RIGHT - LEFT) * (at - self.first) / span if span else 50:.2f}%"

    @property
    def date_format(self) -> str:
        """So that no two of the ticks read the same."""
        days = (self.last - self.first) / 86_400
        if days < FEW_DAYS:
            return f"%-d %b {self.clock_format}"
        return "%-d %b" if days < MANY_DAYS else "%b %Y"

    @property
    def clock_format(self) -> str:
        """Minutes are enough where the ticks are more than one apart."""
        return "%H:%M:%S" if self.first < self.last < self.first + 60 * FEW_MINUTES else "%H:%M"

    @property
    def ticks(self) -> list[float]:
        """Four times from the first to the last; one where they are the same."""
        span = self.last - self.first
        return [self.first + span * part / 3 for part in range(4)] if span else [self.first]


def _grid(y: _Scale) -> list[str]:
    """A line for each tick, with its number at the left."""
    return [
        f'<line class="grid" x1="{EDGE}%" x2="100%" y1="{y(at):.0f}" y2="{y(at):.0f}"/>'
        f'<text class="tick" x="{EDGE - 1}%" y="{y(at) + 4:.0f}" text-anchor="end">{_tick(at)}</text>'
        for at in y.ticks
    ]


def _extent(marks: Sequence[Mark]) -> list[float]:
    return [value for mark in marks for value in (mark.value, mark.low, mark.high) if value is not None]


def _tick(at: float) -> str:
    # Only powers of ten are so large.
    return f"{at:g}" if abs(at) < 1e5 else "10" + f"{log10(at):.0f}".translate(SUPERSCRIPTS)


def _band(low: float, high: float, y: _Scale) -> str:
    return f'<rect class="band" x="{EDGE}%" width="{100 - EDGE}%" y="{y(high):.1f}" height="{y(low) - y(high):.1f}"/>'


def _level(line: Line, y: _Scale) -> str:
    at = f"{y(line.at):.1f}"
    return (
        f'<line class="null" x1="{EDGE}%" x2="100%" y1="{at}" y2="{at}"/>'
        f'<text class="level" x="100%" y="{y(line.at) - 4:.1f}" text-anchor="end">{escape(line.label)}</text>'
    )


def _time(line: Line, x: _Times) -> str:
    at = x(line.at)
    return (
        f'<line class="change" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"><title>{escape(line.label)}'
        f"</title></line>"
    )


def _dates(x: _Times) -> list[str]:
    """A date for each tick; within one day only the first has the day, and what reads as the one before is left out."""
    when = [datetime.fromtimestamp(at, UTC) for at in x.ticks]
    one_day = when[0].date() == when[-1].date()
    named = [each.strftime(x.clock_format if one_day and number else x.date_format) for number, each in enumerate(when)]
    shown = zip(x.ticks, named, [None, *named], strict=False)
    return [_date(at, text, x) for at, text, before in shown if text != before]


def _date(at: float, text: str, x: _Times) -> str:
    """A phone has room for the first and the last alone: the style sheet hides those between."""
    anchor = "start" if at == x.first != x.last else "end" if at == x.last != x.first else "middle"
    between = " between" if x.first < at < x.last else ""
    return f'<text class="date{between}" x="{x(at)}" y="{HEIGHT - 6}" text-anchor="{anchor}">{text}</text>'


def _segment(one: Mark, other: Mark, x: _Times, y: _Scale) -> str:
    ends = f'x1="{x(one.at)}" y1="{y(one.value):.1f}" x2="{x(other.at)}" y2="{y(other.value):.1f}"'
    return f'<line class="line" {ends}/>'


def _mark(mark: Mark, x: _Times, y: _Scale) -> str:
    at = x(mark.at)
    return _interval_line(mark, at, y) + _dot(mark, at, y)


def _interval_line(mark: Mark, at: str, y: _Scale) -> str:
    if mark.low is None or mark.high is None:
        return ""
    return f'<line class="ci" x1="{at}" x2="{at}" y1="{y(mark.low):.1f}" y2="{y(mark.high):.1f}"/>'


def _dot(mark: Mark, at: str, y: _Scale) -> str:
    dot = f'<circle class="dot {mark.kind}" cx="{at}" cy="{y(mark.value):.1f}" r="3.5"/>'
    if not mark.href:
        return dot
    return f'<a href="{escape(mark.href)}"><title>{escape(mark.label)}</title>{dot}</a>'
