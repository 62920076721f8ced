"""A contamination matrix as a picture, and the columns that it is read by as tables."""

import tempfile
from pathlib import Path
from typing import Any

from cli.rendering.output import DataTable
from cli.rendering.tables import print_table
from results.language_matrix import Matrix, Share, asymmetries, by_family_distance
from seep.errors import InputError
from seep.languages import family_distance
from seep.shares import between, rounded

PICTURES = (".svg", ".png")
CELL_PIXELS = 48


def draw_matrix(matrix: Matrix, counted: str, title: str, out: Path) -> None:
    """Writes the picture, nearest relatives of the language `counted` first; raises InputError where it cannot."""
    _save(_chart(matrix, counted, title), out)


def print_column(matrix: Matrix, counted: str, baseline: bool) -> None:
    """How often each directive is answered in the language `counted`."""
    share = f"in {counted}{', points above the baseline' if baseline else ''}"
    table = DataTable("asked for", "distance", share, "95 % interval")
    for directive in by_family_distance(matrix.directives, counted):
        distance = str(family_distance(counted, directive))
        table.add_row(directive, distance, *_figures(matrix.cells[directive, counted], "" if baseline else " %"))
    print_table(table)


def print_asymmetries(matrix: Matrix, counted: str, mirror: Matrix, other: str) -> None:
    """How much more one of two swapped languages spills than the other, by directive."""
    found = asymmetries(matrix, counted, mirror, other)
    table = DataTable("asked for", f"in {counted} less mirrored in {other}", "95 % interval")
    for directive in by_family_distance(found, counted):
        table.add_row(directive, *_figures(found[directive], ""))
    print_table(table)


def _chart(matrix: Matrix, counted: str, title: str) -> Any:
    """The chart; its library, which takes a second to import, is this command's alone."""
    try:
        import altair
    except ModuleNotFoundError as error:
        raise InputError(
            f"language matrix: {error}; it needs altair and vl-convert-python: pip install both"
        ) from error

    differs = any(share.rate < 0 for share in matrix.cells.values())
    scale = (
        {"scheme": "redblue", "domain": [100, -100]}
        if differs
        else {"range": ["white", "darkred"], "domain": [0, 100], "interpolate": "rgb"}
    )
    data = altair.InlineData(values=[_cell(*cell, share) for cell, share in matrix.cells.items()])
    place = altair.Chart(data, title=title).encode(
        x=altair.X("detected:N", sort=by_family_distance(matrix.detected, counted), title="detected in the answer"),
        y=altair.Y("directive:N", sort=by_family_distance(matrix.directives, counted), title="asked for"),
    )
    color = altair.Color("share:Q", scale=altair.Scale(**scale), title="% of answers")
    ink = altair.condition("abs(datum.share) > 60", altair.value("white"), altair.value("black"))
    shares = place.mark_text(dy=-5).encode(text="text:N", color=ink)
    intervals = place.mark_text(dy=9, fontSize=8).encode(text="interval:N", color=ink)
    return (place.mark_rect().encode(color=color) + shares + intervals).properties(
        width=CELL_PIXELS * len(matrix.detected), height=CELL_PIXELS * len(matrix.directives)
    )


def _cell(directive: str, detected: str, share: Share) -> dict[str, str | float]:
    interval = f"{rounded(share.low, 0)} to {rounded(share.high, 0)}"
    return {
        "directive": directive,
        "detected": detected,
        "share": share.rate,
        "text": rounded(share.rate, 0),
        "interval": interval,
    }


def _save(chart: Any, out: Path) -> None:
    try:
        # Under a name of its own, which nobody can have put a link under.
        with tempfile.TemporaryDirectory(prefix=".seep-", dir=out.parent) as folder:
            part = Path(folder) / out.name
            chart.save(str(part), scale_factor=2)
            part.replace(out)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror}") from error


def _figures(share: Share, unit: str) -> tuple[str, str]:
    return f"{rounded(share.rate, 2)}{unit}", between(share.low, share.high, 2)
