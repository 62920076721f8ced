"""A contamination matrix as a picture, and the columns that it is read by as tables."""

import tempfile
from pathlib import Path
from typing import Any

from cli.rendering.output import DataTable
from cli.rendering.tables import print_table
from results.language_matrix import Matrix, Share, asymmetries, by_family_distance
from seep.errors import InputError
from seep.languages import family_distance
from seep.shares import between, difference, difference_between, rounded

PICTURES = (".svg", ".png")
CELL_PIXELS = 48


def draw_matrix(matrix: Matrix, counted: str, title: str, baseline: bool, out: Path) -> None:
    """Writes the picture, nearest relatives of the language `counted` first; raises InputError where it cannot."""
    _save(_chart(matrix, counted, title, baseline), out)


def print_column(matrix: Matrix, counted: str, baseline: bool) -> None:
    """How often each directive is answered in the language `counted`."""
    share = f"in {counted}{', points above the baseline' if baseline else ''}"
    table = DataTable("asked for", "distance", share, "95 % interval")
    for directive in by_family_distance(matrix.directives, counted):
        distance = str(family_distance(counted, directive))
        table.add_row(directive, distance, *(points if baseline else percent)(matrix.cells[directive, counted]))
    print_table(table)


def print_asymmetries(matrix: Matrix, counted: str, mirror: Matrix, other: str) -> None:
    """How much more one of two swapped languages spills than the other, by directive."""
    found = asymmetries(matrix, counted, mirror, other)
    table = DataTable("asked for", f"in {counted} less mirrored in {other}", "95 % interval")
    for directive in by_family_distance(found, counted):
        table.add_row(directive, *points(found[directive]))
    print_table(table)


def percent(share: Share) -> tuple[str, str]:
    """A share and its interval."""
    return f"{rounded(share.rate, 2)} %", between(share.low, share.high, 2)


def points(share: Share) -> tuple[str, str]:
    """A difference of two shares and its interval."""
    return difference(share.rate, 2), difference_between(share.low, share.high, 2)


def _chart(matrix: Matrix, counted: str, title: str, baseline: bool) -> Any:
    """The chart; its library, which takes a second to import, is this command's alone."""
    try:
        import altair
    except ModuleNotFoundError as error:
        raise InputError(
            f"language matrix: {error}; it needs altair and vl-convert-python: pip install both"
        ) from error

    scale = (
        {"scheme": "redblue", "domain": [100, -100]}
        if baseline
        else {"range": ["white", "darkred"], "domain": [0, 100], "interpolate": "rgb"}
    )
    data = altair.InlineData(values=[_cell(*cell, share, baseline) for cell, share in matrix.cells.items()])
    place = altair.Chart(data, title=title).encode(
        x=altair.X("detected:N", sort=by_family_distance(matrix.detected, counted), title="detected in the answer"),
        y=altair.Y("directive:N", sort=by_family_distance(matrix.directives, counted), title="asked for"),
    )
    color = altair.Color("share:Q", scale=altair.Scale(**scale), title="points" if baseline else "% of answers")
    ink = altair.condition("abs(datum.share) > 60", altair.value("white"), altair.value("black"))
    shares = place.mark_text(dy=-5).encode(text="text:N", color=ink)
    intervals = place.mark_text(dy=9, fontSize=8).encode(text="interval:N", color=ink)
    return (place.mark_rect().encode(color=color) + shares + intervals).properties(
        width=CELL_PIXELS * len(matrix.detected), height=CELL_PIXELS * len(matrix.directives)
    )


def _cell(directive: str, detected: str, share: Share, baseline: bool) -> dict[str, str | float]:
    rate, low, high = (
        difference(figure, 0) if baseline else rounded(figure, 0) for figure in (share.rate, share.low, share.high)
    )
    return {
        "directive": directive,
        "detected": detected,
        "share": share.rate,
        "text": rate,
        "interval": f"{low} to {high}",
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
