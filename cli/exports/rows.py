"""Rates as flat rows, a row for each run, metric and category: CSV, JSON lines, Parquet."""

import csv
import io
import json
from collections.abc import Mapping, Sequence

from cli.times import format_time
from results.runs import RunSummary
from seep.errors import InputError
from seep.records import Estimate, LeakRate

Value = str | float | int | bool | None
Row = dict[str, Value]

FROM_RUN = ("state", "suite", "suite_version", "suite_hash", "probe", "target", "samples")
FROM_PROVENANCE = ("model", "model_revision", "adapter", "engine", "decoding")
FROM_RATE = (
    *("metric", "category", "against", "rate", "low", "high", "comparisons", "clusters", "missing", "ties", "echoes"),
    "mixed",
)


def rows_of(runs: Sequence[tuple[RunSummary, Sequence[LeakRate]]]) -> list[Row]:
    """All rates of all runs, all with the same columns; what was not measured is None.

    A measure has three columns, as `echo`, `echo_low` and `echo_high`, in percent; a kappa has one.
    """
    rows = [_row(summary, rate) for summary, rates in runs for rate in rates]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in columns} for row in rows]


def _row(summary: RunSummary, rate: LeakRate) -> Row:
    row: Row = {"run_id": summary.run_id, "created_at": format_time(summary.created_at)}
    row |= {"labels": ", ".join(summary.labels), "monitor": summary.monitor}
    row |= {name: getattr(summary, name) for name in FROM_RUN}
    row |= {name: summary.provenance.get(name) for name in FROM_PROVENANCE}
    row |= {name: getattr(rate, name) for name in FROM_RATE}
    measures: Mapping[str, Estimate] = dict(rate.measures)
    if rate.above_placebo is not None:
        measures = {**measures, "above_placebo": rate.above_placebo}
    for name, estimate in sorted(measures.items()):
        row |= {name: estimate.share, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row | {f"kappa:{other}": value for other, value in sorted(rate.kappa.items())}


def as_csv(rows: Sequence[Row]) -> str:
    """A header and a line for each row; what is None is an empty cell. A spreadsheet takes no cell for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0] if rows else [])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _cell(value: Value) -> Value:
    # Names come from others' suites and servers.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def as_json_lines(rows: Sequence[Row]) -> str:
    """An object on a line for each row."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_parquet(rows: Sequence[Row]) -> bytes:
    """A Parquet file; raises InputError where pyarrow is not installed."""
    try:
        import pyarrow  # type: ignore[import-not-found]  # an extra that is heavy, and only wanted here
        import pyarrow.parquet  # type: ignore[import-not-found]
    except ImportError as error:
        raise InputError("--format parquet: it needs pyarrow: pip install pyarrow") from error
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), sink)
    return sink.getvalue()
