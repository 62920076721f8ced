"""Pictures of what is found in differences of activations, as PNG files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cli.traces.finding import Step, Traces
from seep.errors import InputError

ZOOM = 10
MATRIX_PIXELS, ZOOM_PIXELS = 512, 360


def draw_all(found: Traces, interpolated: Sequence[Step], folder: Path) -> None:
    """Writes every picture that there is something for, and removes what an earlier call has left of the others.

    Raises InputError without the library that draws.
    """
    pictures: dict[str, Callable[[], Any]] = {
        "cosines.png": lambda: _matrix(found.cosines, MATRIX_PIXELS, labelled=False),
        "cosines-first-ten.png": lambda: _matrix([row[:ZOOM] for row in found.cosines[:ZOOM]], ZOOM_PIXELS, True),
        "norms.png": lambda: _norms(found),
        "spectrum.png": lambda: _spectrum(found),
        "relevance-by-documents.png": lambda: _series(found.by_documents, "documents"),
        "interpolation.png": lambda: _series(interpolated, "share of the way to the fine-tune"),
    }
    for name, draw in pictures.items():
        picture = draw()
        if picture is None:
            (folder / name).unlink(missing_ok=True)
        else:
            picture.save(str(folder / name), scale_factor=2)


def _altair() -> Any:
    try:
        import altair
    except ModuleNotFoundError as error:
        raise InputError(f"--out: {error}; it needs altair and vl-convert-python: pip install both") from error
    altair.data_transformers.disable_max_rows()
    return altair


def _matrix(cosines: Sequence[Sequence[float]], pixels: int, labelled: bool) -> Any:
    altair = _altair()
    cells = [
        {"row": row, "column": column, "cosine": cosine}
        for row, of_row in enumerate(cosines)
        for column, cosine in enumerate(of_row)
    ]
    axis = altair.Axis(values=list(range(0, len(cosines), 1 if labelled else 32)))
    place = altair.Chart(altair.InlineData(values=cells), title="cosine of mean differences").encode(
        x=altair.X("column:O", title="position", axis=axis), y=altair.Y("row:O", title="position", axis=axis)
    )
    scale = altair.Scale(scheme="redblue", domain=[-1, 1])
    drawn = place.mark_rect().encode(color=altair.Color("cosine:Q", scale=scale))
    if labelled:
        drawn += place.mark_text(fontSize=8).encode(text=altair.Text("cosine:Q", format=".2f"))
    return drawn.properties(width=pixels, height=pixels)


def _norms(found: Traces) -> Any:
    lines = {
        "fine-tune": found.tuned_norms,
        "base": found.base_norms,
        "difference of their means": found.difference_norms,
    }
    rows = [
        {"position": position, "norm": norm, "of": name}
        for name, norms in lines.items()
        for position, norm in enumerate(norms)
        if norm > 0  # a logarithm
    ]
    return _lines(rows, "position", "norm", "of", "mean length of states", log=True)


def _spectrum(found: Traces) -> Any:
    altair = _altair()
    spectra = {"all positions": found.spectrum, "without the first": found.spectrum_without_first}
    rows = [
        {"direction": number, "share": 100 * share, "of": name}
        for name, spectrum in spectra.items()
        if spectrum is not None
        for number, share in enumerate(spectrum.shares, start=1)
    ]
    if not rows:
        return None
    bars = altair.Chart(altair.InlineData(values=rows), title="principal directions of differences").mark_bar()
    return bars.encode(
        x=altair.X("direction:O"),
        y=altair.Y("share:Q", title="% of the variance"),
        color=altair.Color("of:N", title=None),
        xOffset="of:N",
    ).properties(width=ZOOM_PIXELS, height=240)


def _series(steps: Sequence[Step], title: str) -> Any:
    rows = [
        {title: step.at, "relevance": 100 * share, "topic": topic}
        for step in steps
        for topic, share in step.relevance.items()
        if share is not None
    ]
    return _lines(rows, title, "relevance", "topic", "% of the first 20 tokens that are words of the topic")


def _lines(rows: list[dict[str, Any]], x: str, y: str, colour: str, title: str, log: bool = False) -> Any:
    if not rows:  # of which the library draws nothing, and says so in many lines
        return None
    altair = _altair()
    scale = altair.Scale(type="log") if log else altair.Undefined
    chart = altair.Chart(altair.InlineData(values=rows), title=title).mark_line(point=len(rows) < 100)
    return chart.encode(
        x=altair.X(f"{x}:Q"), y=altair.Y(f"{y}:Q", scale=scale, title=y), color=altair.Color(f"{colour}:N", title=None)
    ).properties(width=ZOOM_PIXELS, height=240)
