"""Several runs in one table, a row for each, and as JSON that holds all that a plot of them needs."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from cli.outcomes import Finished, Outcome
from cli.rendering.losses import missing_line
from cli.rendering.output import DataTable, echo, echo_json
from cli.rendering.rates import as_rows, interval, is_measured
from cli.rendering.tables import print_table
from results.rates import ALL
from seep.answers import LOST
from seep.records import LeakRate
from seep.shares import rounded

BESIDE = ("echo", "tie", "distinct_1", "distinct_2")


def print_models(labels: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """A table per metric of the rates over all categories, then each run's id, and what it lacks."""
    finished = [(label, each) for label, each in zip(labels, outcomes, strict=True) if isinstance(each, Finished)]
    for metric in dict.fromkeys(rate.metric for _, each in finished for rate in each.rates):
        rows = [(label, _of_all(each, metric)) for label, each in finished]
        # The language probe has no rate over all categories.
        if shown := [(label, rate) for label, rate in rows if rate is not None]:
            _print_table(metric, shown)
    for label, outcome in zip(labels, outcomes, strict=True):
        echo(f"{label}: {_state(outcome)}")


def print_models_json(labels: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """A list of runs, each with its rates as `seep rates --json` has them; those of a failed run are empty."""
    runs = [_as_json(label, outcome) for label, outcome in zip(labels, outcomes, strict=True)]
    echo_json(runs, default=asdict)


def _print_table(metric: str, rows: Sequence[tuple[str, LeakRate]]) -> None:
    # Most models never lose any.
    lost = [name for name in LOST if any(name in rate.measures and rate.measures[name].share for _, rate in rows)]
    table = DataTable(title=f"{metric}, in %")
    table.add_column("model", overflow="fold")
    table.add_column("rate", justify="right", no_wrap=True)
    table.add_column("95 % interval", no_wrap=True)
    for name in (*BESIDE, *lost):
        table.add_column(name.replace("_", " "), justify="right")
    for label, rate in rows:
        shares = (rounded(rate.measures[name].share, 1) if name in rate.measures else "-" for name in (*BESIDE, *lost))
        table.add_row(Text(label), *interval(rate), *shares)
    print_table(table)
    echo()


def _of_all(finished: Finished, metric: str) -> LeakRate | None:
    return next((rate for rate in finished.rates if (rate.metric, rate.category) == (metric, ALL)), None)


def _state(outcome: Outcome) -> str:
    if not isinstance(outcome, Finished):
        return f"failed: {outcome.reason}"
    summary = outcome.summary
    state = summary.state if is_measured(outcome.rates) else f"{summary.state}, not measured"
    reason = outcome.dead[0].reason if outcome.dead else ""
    return ", ".join(filter(None, (state, missing_line(summary), f"run {summary.run_id}", reason)))


def _as_json(label: str, outcome: Outcome) -> dict[str, object]:
    if not isinstance(outcome, Finished):
        named = {"run_id": outcome.run_id, "model": label, "target": outcome.target}
        return named | {"state": "failed", "reason": outcome.reason, "rates": []}
    summary = outcome.summary
    named = {"run_id": summary.run_id, "model": label, "target": summary.target}
    said = {name: getattr(summary, name) for name in ("state", "reason", "suite", "suite_hash", "mixed", "provenance")}
    return named | said | {"rates": as_rows(outcome.rates, outcome.reach)}
