"""Rates as tables and as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from cli.rendering.extraction import print_extraction
from cli.rendering.losses import print_losses, print_missing
from cli.rendering.meaning import MANY_EMPTY, MANY_TIES, print_meaning
from cli.rendering.output import DataTable, counted, echo, echo_json
from cli.rendering.places import print_places
from cli.rendering.tables import print_table
from results.dead_jobs import DeadReason
from results.rates import FEW_CLUSTERS, with_missing
from results.reach import Reach, interval_over
from results.runs import RunSummary
from results.sums import COREFERENCE_FREE_LEAK, COREFERENT
from seep.answers import LOST, TRUNCATED
from seep.records import LeakRate
from seep.shares import between, difference, difference_between, rounded

SAMPLES_ARE_CLUSTERS = "the intervals hold for these very prompts, and say nothing of others: the clusters are samples"
RUNS_ARE_CLUSTERS = (
    "the intervals hold for runs like these: each run is a cluster of its own, whatever varies within it"
)
NOT_SCORED = "not measured: no job of this run is scored"
NOT_ANSWERED = "not measured: no comparison of this run has its answers"
# What was cut off counts for nothing: answers that differ behind it tie.
MANY_TRUNCATED = 10.0
MOST_NAMED = 5
# Test against control, less neutral against control, with its 95 % interval.
ABOVE_PLACEBO = "published - placebo"
# Of a probe that compares no texts: the tests' own rate, less the controls'.
ABOVE_CONTROL = "rate - placebo"
OTHER_CONCEPTS = "other concepts too"
# What the missing would be is unknown, and may differ from what is there: long prompts, for instance, fail oftener.
WITH_MISSING = "whatever the missing are"
PICTURES: Mapping[str, Callable[[Sequence[LeakRate]], None]] = {"position": print_places, "recall": print_extraction}
"""By probe: what its rates say together, printed below them."""
JSON_FIELDS = (
    *("run_id", "suite", "target", "probe", "metric", "category", "rate", "low", "high"),
    *("comparisons", "clusters", "ties", "echoes", "missing", "kappa", "measures", "against", "above_placebo"),
)


def print_rates(
    summary: RunSummary,
    found: Sequence[LeakRate],
    dead: Sequence[DeadReason],
    reach: Sequence[Reach | None] = (),
    first_column: str = "category",
) -> None:
    """Tables of rates and of what was measured beside them, under a line about the run; says what is missing, and what
    not to trust. `reach` is of each rate, where it is known."""
    echo(f"run {summary.run_id}: {summary.suite} on {summary.target}, {summary.state}")
    _print_table(found, first_column, reach)
    _print_reach(found, reach)
    print_meaning(found)
    _print_measures(found, first_column)
    _print_pictures(found)
    print_losses(found, first_column)
    if not is_measured(found):
        echo(why_not_measured(found))
    if summary.cluster == "sample":
        echo(SAMPLES_ARE_CLUSTERS)
    if summary.reason:
        echo(f"ended early: {summary.reason}")
    print_missing(summary)
    _warn_of_few(found)
    _warn(found, "tie", MANY_TIES, "of the comparisons tie, and a tie counts 50 % whatever the model leaks")
    _warn(found, "empty", MANY_EMPTY, "of the tests' answers are empty, and an empty one seems not to leak")
    _warn(found, TRUNCATED, MANY_TRUNCATED, "of the comparisons have an answer that the metric reads only in part")
    for group in dead:
        jobs = counted(summary.job_count, "job") if summary.job_count else "? jobs"
        echo(f"failed: {group.jobs} of {jobs}, in the {group.stage}: {group.reason}")
    if summary.job_count is not None and (more := summary.recorded + summary.dead - summary.job_count) > 0:
        letters = counted(more, "dead letter")
        echo(f"warning: {letters} more than the run has jobs: the keys of so many name none of its jobs")
    if summary.mixed:
        echo("mixed: the run's jobs differ in model, engine, decoding or scorer; it is not to be compared")


def _print_table(found: Sequence[LeakRate], first_column: str, reach: Sequence[Reach | None]) -> None:
    table = DataTable(first_column, "metric", rate_title(found), "95 % interval")
    # What a run expects, and so what is missing of it, is known by category.
    counted = ("comparisons", "clusters", *(["missing"] if first_column == "category" else []))
    for name in counted:
        table.add_column(name, justify="right")
    bounds = [with_missing(rate) for rate in found]
    others = [_other_concepts(each) for each in reach] or [None] * len(found)
    wider = {name: cells for name, cells in ((OTHER_CONCEPTS, others), (WITH_MISSING, bounds)) if any(cells)}
    for name in wider:
        table.add_column(name, justify="right")
    for row, rate in enumerate(found):
        counts = [str(getattr(rate, name)) for name in counted]
        counts += [_bounds(cells[row]) for cells in wider.values()]
        table.add_row(rate.category, rate.metric, *interval(rate), *counts)
    print_table(table)


def _other_concepts(reach: Reach | None) -> tuple[float, float] | None:
    return None if reach is None or reach.low is None or reach.high is None else (reach.low, reach.high)


def _bounds(bounds: tuple[float, float] | None) -> str:
    return between(*bounds, 2) if bounds else ""


def _print_reach(found: Sequence[LeakRate], reach: Sequence[Reach | None]) -> None:
    few = {rate.category: each for rate, each in zip(found, reach, strict=False) if each}
    if not few:
        return
    said = interval_over(next(iter(few.values())))
    if len({each.concepts if each else None for each in reach}) > 1:
        said = f"{interval_over(None)}, and only for the concepts that a category asks: "
        said += ", ".join(f"{category} ({counted(each.concepts, 'concept')})" for category, each in few.items())
    wider = f'; for others like them see "{OTHER_CONCEPTS}"' if any(map(_other_concepts, few.values())) else ""
    echo(f"the 95 % intervals hold for {said}{wider}")


def rate_title(found: Sequence[LeakRate]) -> str:
    """What the rates of a run are: whose answers the tests' were compared with, where with any."""
    against = {rate.against for rate in found} - {""}
    named = "control and neutral" if against == {"both"} else " and ".join(sorted(against))
    return f"rate against {named}" if named else "rate"


def print_pooled_rates(summaries: Sequence[RunSummary], found: Sequence[LeakRate], first_column: str) -> None:
    """Tables of the rates of several runs together, of which each is a cluster; says what is missing of each."""
    runs = ", ".join(f"{summary.run_id} ({summary.state})" for summary in summaries)
    echo(f"runs {runs}: {summaries[0].suite}, pooled")
    counted = ("comparisons", "missing")
    table = DataTable(first_column, "metric", rate_title(found), "95 % interval", "runs", *counted)
    for rate in found:
        counts = [str(rate.clusters), *(str(getattr(rate, name)) for name in counted)]
        table.add_row(rate.category, rate.metric, *interval(rate), *counts)
    print_table(table)
    _print_measures(found, first_column)
    print_losses(found, first_column)
    if not is_measured(found):
        echo(why_not_measured(found))
    echo(RUNS_ARE_CLUSTERS)
    for summary in summaries:
        print_missing(summary)


def is_measured(found: Sequence[LeakRate]) -> bool:
    """Whether there is a rate at all."""
    return any(rate.rate is not None for rate in found)


def why_not_measured(found: Sequence[LeakRate]) -> str:
    """One line on a run without a rate: nothing of it was scored, or no answer of it could be."""
    return NOT_ANSWERED if found else NOT_SCORED


def print_rates_json(found: Sequence[LeakRate], reach: Sequence[Reach | None] = ()) -> None:
    """Rates as a JSON list, unrounded."""
    echo_json(as_rows(found, reach), default=asdict)


def as_rows(found: Sequence[LeakRate], reach: Sequence[Reach | None] = ()) -> list[dict[str, object]]:
    """Rates with the fields that the JSON has; `other_concepts` where they are known to be few."""
    rows: list[dict[str, object]] = [{name: getattr(rate, name) for name in JSON_FIELDS} for rate in found]
    for row, of_rate in zip(rows, reach, strict=False):
        if of_rate is not None:
            row["other_concepts"] = of_rate
    return rows


def _print_pictures(found: Sequence[LeakRate]) -> None:
    for probe in dict.fromkeys(rate.probe for rate in found):
        if probe in PICTURES:
            PICTURES[probe]([rate for rate in found if rate.probe == probe])


def _print_measures(found: Sequence[LeakRate], first_column: str) -> None:
    """What was measured beside the rates, a column each; nothing where nothing was."""
    if not any(rate.measures.keys() - set(LOST) for rate in found):
        return
    pairwise = len({rate.metric for rate in found}) > 2
    rows = [(rate, _shares(rate, pairwise), _kappas(rate, pairwise)) for rate in found]
    if not any(rate.measures[COREFERENT].share > 0 for rate in found if COREFERENT in rate.measures):
        rows = [(rate, _without_coreference(shares), kappas) for rate, shares, kappas in rows]
    last = (ABOVE_PLACEBO, ABOVE_CONTROL)
    names = sorted({name for _, shares, _ in rows for name in shares}, key=lambda name: (name in last, name))
    names += sorted({name for _, _, kappas in rows for name in kappas}) or ["kappa"]
    table = DataTable(first_column, "metric", title="beside it, in %; kappa from -1 to 1")
    for name in names:
        table.add_column(name, justify="right")
    for rate, shares, kappas in rows:
        cells = shares | kappas
        table.add_row(rate.category, rate.metric, *(cells.get(name, "-") for name in names))
    echo()
    print_table(table)


def _without_coreference(shares: dict[str, str]) -> dict[str, str]:
    """Where nothing is coreferent, its two columns say what others say already."""
    hidden = {name.replace("_", " ") for name in (COREFERENT, COREFERENCE_FREE_LEAK)}
    return {name: share for name, share in shares.items() if name not in hidden}


def _shares(rate: LeakRate, pairwise: bool) -> dict[str, str]:
    """What was measured beside a rate, by column; `pairwise` names the other metric of each agreement."""
    parts = {name: name.partition(":") for name in rate.measures if name not in LOST}
    shares = {
        measure.replace("_", " ") + (f" with {other}" if other and pairwise else ""): rate.measures[name].share
        for name, (measure, _, other) in parts.items()
    }
    above = rate.above_placebo
    column = ABOVE_PLACEBO if rate.against else ABOVE_CONTROL
    shown = {name: rounded(share, 1) for name, share in shares.items()}
    if above is not None:
        shown[column] = f"{difference(above.share, 1)} {difference_between(above.low, above.high, 1)}"
    return shown


def _warn(found: Sequence[LeakRate], measure: str, many: float, what: str) -> None:
    """Says where a rate tells little, because more than `many` percent of what it is made of are such."""
    shares = [(rate.category, rate.measures[measure].share) for rate in found if measure in rate.measures]
    cells = list(dict.fromkeys(category for category, share in shares if share > many))
    if cells:
        more = f" and {len(cells) - MOST_NAMED} more" if len(cells) > MOST_NAMED else ""
        echo(f"warning: more than {many:.0f} % {what}: {', '.join(cells[:MOST_NAMED])}{more}")


def _warn_of_few(found: Sequence[LeakRate]) -> None:
    few = [rate for rate in found if rate.rate is not None and rate.clusters < FEW_CLUSTERS]
    if not few:
        return
    named = list(dict.fromkeys(f"{rate.category} ({rate.clusters})" for rate in few))
    listed = ", ".join(named[:MOST_NAMED]) + (", ..." if len(named) > MOST_NAMED else "")
    echo(f"warning: few independent clusters, and an interval of fewer than {FEW_CLUSTERS} rests on little: {listed}")


def _kappas(rate: LeakRate, pairwise: bool) -> dict[str, str]:
    return {f"kappa with {other}" if pairwise else "kappa": f"{value:.2f}" for other, value in rate.kappa.items()}


def interval(rate: LeakRate) -> tuple[str, str]:
    """A rate and its interval as they are shown."""
    if rate.rate is None or rate.low is None or rate.high is None:
        return "not measured", ""
    return f"{rounded(rate.rate, 2)} %", between(rate.low, rate.high, 2)
