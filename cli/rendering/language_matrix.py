"""The command that draws a language run's contamination matrix, and prints the column that it is read by."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.commands.results import SAMPLES_ARE_CLUSTERS, RunArgument, known_run, wide_console
from cli.database import open_store
from results.language_matrix import (
    Matrix,
    Share,
    asymmetries,
    by_family_distance,
    contamination_matrix,
    differences,
    spilled_language,
)
from results.storage.store import Store
from seep.errors import InputError
from seep.languages import family_distance
from seep.settings import load_settings

PICTURES = (".svg", ".png")
CELL_PIXELS = 48


def heatmap(
    run_id: RunArgument,
    out: Annotated[Path, typer.Option(help="The picture to write: FILE.svg or FILE.png.")],
    metric: Annotated[str | None, typer.Option(help="The metric, where the run has several.")] = None,
    language: Annotated[
        str | None, typer.Option(help="The language whose spread is read; default: the one that spread most.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="A run to subtract: of the model before its fine-tune.")] = None,
    mirror: Annotated[
        str | None, typer.Option(help="The run of the condition with both languages swapped: is the spill symmetric?")
    ] = None,
    mirror_language: Annotated[str | None, typer.Option(help="The language whose spread is read in --mirror.")] = None,
) -> None:
    """Draw which languages a model answers in, by the language that it was asked for, nearest relatives first."""
    if out.suffix.lower() not in PICTURES:
        raise InputError(f"--out {out}: expected a name that ends in {' or '.join(PICTURES)}")
    with open_store(load_settings()) as store:
        of_samples = known_run(store, run_id).cluster == "sample"
        measured = _matrix(store, run_id, metric)
        counted = _counted(measured, "--language", language)
        matrix = differences(measured, _matrix(store, baseline, metric)) if baseline else measured
        mirrored = _matrix(store, mirror, metric) if mirror else None
    _save(_chart(matrix, counted, _title(run_id, baseline, matrix)), out)
    _print_column(matrix, counted, baseline)
    if mirrored is not None:
        _print_asymmetries(measured, counted, mirrored, _counted(mirrored, "--mirror-language", mirror_language))
    if of_samples:
        typer.echo(SAMPLES_ARE_CLUSTERS)


def _matrix(store: Store, run_id: str, metric: str | None) -> Matrix:
    known_run(store, run_id)
    try:
        return contamination_matrix(store.rates(run_id), metric)
    except InputError as error:
        raise InputError(f"run {run_id}: {error}") from error


def _counted(matrix: Matrix, option: str, language: str | None) -> str:
    if language is None:
        return spilled_language(matrix)
    if language not in matrix.directives:
        raise InputError(f"{option} {language}: expected one of the run's, {', '.join(matrix.directives)}")
    return language


def _title(run_id: str, baseline: str | None, matrix: Matrix) -> str:
    return f"{run_id}{f' less {baseline}' if baseline else ''}, languages by {matrix.metric}"


def _chart(matrix: Matrix, counted: str, title: str) -> Any:
    """The chart; its library, which takes a second to import, is this command's alone."""
    try:
        import altair
    except ModuleNotFoundError as error:
        raise InputError(f"heatmap: {error}; the extra seep[heatmap] brings what it needs") from error

    differs = any(share.rate < 0 for share in matrix.cells.values())
    scale = (
        {"scheme": "redblue", "domain": [100, -100]}
        if differs
        else {"range": ["white", "darkred"], "domain": [0, 100], "interpolate": "rgb"}
    )
    data = altair.InlineData(values=[_cell(*cell, share) for cell, share in matrix.cells.items()])
    place = altair.Chart(data, title=title).encode(
        x=altair.X("told:N", sort=by_family_distance(matrix.detected, counted), title="detected in the answer"),
        y=altair.Y("asked:N", sort=by_family_distance(matrix.directives, counted), title="asked for"),
    )
    color = altair.Color("share:Q", scale=altair.Scale(**scale), title="% of answers")
    ink = altair.condition("abs(datum.share) > 60", altair.value("white"), altair.value("black"))
    shares = place.mark_text(dy=-5).encode(text="text:N", color=ink)
    intervals = place.mark_text(dy=9, fontSize=8).encode(text="interval:N", color=ink)
    return (place.mark_rect().encode(color=color) + shares + intervals).properties(
        width=CELL_PIXELS * len(matrix.detected), height=CELL_PIXELS * len(matrix.directives)
    )


def _cell(asked: str, told: str, share: Share) -> dict[str, str | float]:
    interval = f"{share.low:.0f} to {share.high:.0f}"
    return {"asked": asked, "told": told, "share": share.rate, "text": f"{share.rate:.0f}", "interval": interval}


def _save(chart: Any, out: Path) -> None:
    part = out.with_name(f".{out.stem}.part{out.suffix}")
    try:
        chart.save(str(part), scale_factor=2)
        part.replace(out)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _print_column(matrix: Matrix, counted: str, baseline: str | None) -> None:
    share = f"in {counted}{', points above the baseline' if baseline else ''}"
    table = Table("asked for", "distance", share, "95 % interval", box=None)
    for directive in by_family_distance(matrix.directives, counted):
        distance = str(family_distance(counted, directive))
        table.add_row(directive, distance, *_told(matrix.cells[directive, counted], "" if baseline else " %"))
    wide_console().print(table)


def _print_asymmetries(matrix: Matrix, counted: str, mirror: Matrix, other: str) -> None:
    found = asymmetries(matrix, counted, mirror, other)
    table = Table("asked for", f"in {counted} less mirrored in {other}", "95 % interval", box=None)
    for directive in by_family_distance(found, counted):
        table.add_row(directive, *_told(found[directive], ""))
    wide_console().print(table)


def _told(share: Share, unit: str) -> tuple[str, str]:
    return f"{share.rate:.2f}{unit}", f"[{share.low:.2f}, {share.high:.2f}]"
