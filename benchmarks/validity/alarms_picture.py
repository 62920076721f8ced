"""Draws when a monitor's alarm can be trusted, from the tables that `benchmarks.validity.alarms` prints."""

import argparse
from pathlib import Path

import altair

# By the beginning of a table's row: what the picture calls it.
ROWS = {
    "iid, days sd 1 | 7": "independent days",
    "20 for each": "a new baseline every 30 runs, for a year",
    "one burst, sd 1 | 7": "seven runs of the baseline in one go",
    "AR(1) 0.5, sd 1": "each day half like the day before",
    "AR(1) 0.9, sd 1": "each day nearly like the day before",
    "the lowest": "the seven lowest of thirty runs as baseline",
}
OLD, NEW = "evidence alone", "evidence, and 3 points of difference"
ALLOWED = 5  # percent


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+", help="what `benchmarks.validity.alarms` printed")
    parser.add_argument("--out", type=Path, required=True, help="the SVG file")
    arguments = parser.parse_args()
    lines = [line for file in arguments.tables for line in file.read_text(encoding="utf-8").splitlines()]
    picture([bar for beginning, name in ROWS.items() for bar in bars(lines, beginning, name)]).save(arguments.out)


def bars(lines: list[str], beginning: str, name: str) -> list[dict[str, str | float]]:
    """The shares of one row, as it was and as it is; StopIteration if no table has the row."""
    old, _, new = next(line for line in lines if line.startswith(beginning)).split(" | ")[-3:]
    return [{"stream": name, "alarm": kind, "share": float(share)} for kind, share in ((OLD, old), (NEW, new))]


def picture(values: list[dict[str, str | float]]) -> altair.LayerChart | altair.FacetChart:
    """Two bars for each kind of stream, and a line at what is allowed."""
    drawn = altair.Chart(altair.InlineData(values=values)).encode(
        x=altair.X(
            "share:Q", title="monitors that alarm although nothing changed, %", scale=altair.Scale(domain=[0, 100])
        ),
        y=altair.Y("stream:N", title=None, sort=list(ROWS.values()), axis=altair.Axis(labelLimit=320)),
        yOffset=altair.YOffset("alarm:N", sort=[OLD, NEW]),
    )
    colour = altair.Color(
        "alarm:N",
        sort=[OLD, NEW],
        title="an alarm needs",
        legend=altair.Legend(orient="top"),
        scale=altair.Scale(range=["#b0b0b0", "#1f5fa8"]),
    )
    allowed = (
        altair.Chart(altair.InlineData(values=[{"share": ALLOWED}])).mark_rule(strokeDash=[4, 3]).encode(x="share:Q")
    )
    labels = drawn.mark_text(align="left", dx=3, fontSize=10).encode(text=altair.Text("share:Q", format=".1f"))
    return altair.layer(drawn.mark_bar().encode(color=colour), labels, allowed).properties(width=420, height=260)


if __name__ == "__main__":
    main()
