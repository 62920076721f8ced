"""Numbers, times and states as pages and reports say them."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from math import floor

from results.comparison import CellVerdict
from results.flips import Flip, Flips
from results.rates import ALL, FEW_CLUSTERS, with_missing
from results.runs import RunSummary
from results.statistics.level import LEVEL
from results.statistics.sequential import ALARM
from results.statistics.verdicts import Verdict, smallest_change
from seep.probes import PROBES
from seep.records import LeakRate
from seep.settings.metrics import MEAN
from seep.shares import beside, difference, rounded

NOTHING, MINUS, THIN_SPACE, NO_BREAK = "\u2013", "\u2212", "\u202f", "\u00a0"
NO_LEAKAGE = 50.0
MOST_EVIDENCE = 1_000_000_000
MEASURES = {
    "agreement": "agreement",
    "distinct_1": "different words in the answers (distinct-1)",
    "distinct_2": "different word pairs in the answers (distinct-2)",
    "echo": "says the concept's own word",
    "echo_free_leak": "leak rate of answers without the concept's own word",
    "empty": "empty answers",
    "tie": "ties: the metric sees no difference",
}

VERDICTS: dict[Verdict, str] = {
    "ok": "no change of 5 points or more",
    "drift": "changed",
    "inconclusive": "cannot tell",
    "not measured": "nothing to compare",
}


def percent(value: float | None) -> str:
    """A share of 0 to 100 with one decimal; a dash where there is none."""
    return NOTHING if value is None else _share(value, 1)


def whole(value: float) -> str:
    """A share of 0 to 100 without decimals, as it stands in a table of many."""
    return _share(value, 0)


def points(value: float | None, decimals: int = 1) -> str:
    """A difference in points, with its sign; more decimals just below the 5 points that are called a change."""
    return NOTHING if value is None else _spaced(difference(value, decimals, smallest_change()))


def _share(value: float, decimals: int) -> str:
    return _spaced(rounded(value, decimals))


def _spaced(number: str) -> str:
    return number.replace("-", MINUS).replace("<", "< ").replace(">", "> ")


def count(value: int | None) -> str:
    """A whole number with its thousands apart; a question mark where it is not known."""
    return "?" if value is None else f"{value:,}".replace(",", THIN_SPACE)


def evidence(value: float | None) -> str:
    """An e-value with as many digits as matter: two from a thousand on. It is 20 only from the alarm's 20 on."""
    if value is None:
        return NOTHING
    if value < 0.01:
        return "< 0.01"
    if round(value, 2) < 10:
        return f"{value:.2f}"
    if value < 1000:
        return count(max(10, floor(value)) if value < ALARM else round(value))
    return count(int(float(f"{value:.1e}"))) if value < MOST_EVIDENCE else f"over {count(MOST_EVIDENCE)}"


def p_value(value: float | None) -> str:
    """A p-value, with more decimals just below 0.05; the smallest as a bound."""
    return NOTHING if value is None else "< 0.001" if value < 0.001 else _spaced(beside(value, LEVEL, 3))


def change(cells: Sequence[CellVerdict]) -> str:
    """The effect over all categories in points with its interval, by the mean of the metrics where there is one; empty
    where there is none."""
    overall = {cell.metric: cell for cell in cells if cell.category == ALL and cell.effect is not None}
    cell = overall.get(MEAN) or (next(iter(overall.values())) if len(overall) == 1 else None)
    return (
        ""
        if cell is None
        else f"{points(cell.effect)} points (95{NO_BREAK}% interval {points(cell.low)} to {points(cell.high)})"
    )


def moved(counts: Flips, verdict: Verdict | str) -> str:
    """How many tests leak more, less and the same, and whether that is more than chance."""
    leaking = "1 test leaks" if counts.up == 1 else f"{count(counts.up)} tests leak"
    said = f"{leaking} more than before, {count(counts.down)} less, {count(counts.same)} the same. "
    if verdict == "drift":
        return said + "That is more than chance explains."
    return said + f"So many move by chance alone, too: the verdict is {verdict}."


def was_and_is(flip: Flip) -> str:
    """How often a test leaked before and now, of how many answers."""
    answers = f"{count(flip.reference_samples)} answer{'' if flip.reference_samples == 1 else 's'}"
    was, now = whole(100 * flip.was), whole(100 * flip.now)
    return f"leaked in {was} % of {answers}, now in {now} % of {count(flip.samples)}"


def content(suite_hash: str) -> str:
    """The beginning of a suite's hash, by which people tell versions apart."""
    return suite_hash.removeprefix("sha256:")[:12]


def clock(at: float | None) -> str:
    """A time in UTC, to the minute."""
    return NOTHING if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def iso(at: float) -> str:
    """The same for machines."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def span(seconds: float | None) -> str:
    """A length of time in its largest unit."""
    if seconds is None:
        return NOTHING
    seconds = abs(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= (2 * size if unit == "d" else size):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(at: float | None) -> str:
    """How long ago a time is, or how far ahead."""
    if at is None:
        return NOTHING
    seconds = time.time() - at
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(seconds)}"


def reference_of(probe: str) -> float | None:
    """The rate of a model that does not leak; None where a rate is a plain share."""
    return NO_LEAKAGE if probe in PROBES and PROBES[probe].compares else None


def meaning_of(probe: str) -> str:
    """What a rate of the probe is, in a sentence; empty where the explanation of 50 % says it."""
    return PROBES[probe].meaning if probe in PROBES else ""


def doubts(rate: LeakRate, run: RunSummary | None = None) -> list[str]:
    """What must be known beside a rate before anybody trusts it: a few words each, none where nothing is."""
    found = []
    if rate.mixed:
        found.append("mixed: its jobs differ in model, engine, decoding or scorer")
    if run is not None and run.state in ("running", "stalled"):
        found.append(f"{run.state}: {count(run.recorded)} of {count(run.job_count)} jobs so far")
    if run is not None and run.state == "cancelled":
        found.append("cancelled before its end")
    if rate.rate is None:
        return found
    if rate.missing:
        found.append(_missing(rate))
    if rate.clusters < FEW_CLUSTERS:
        found.append(f"rests on {rate.clusters} independent {'job' if rate.clusters == 1 else 'jobs'} only")
    tie, empty = rate.measures.get("tie"), rate.measures.get("empty")
    if tie and tie.share > 50 and reference_of(rate.probe):
        found.append(f"{percent(tie.share)} % tie, and a tie counts 50 %")
    if empty and empty.share > 10:
        found.append(f"{percent(empty.share)} % of the answers are empty")
    return found


def doubts_of_all(rates: Sequence[LeakRate], run: RunSummary | None = None) -> list[str]:
    """The doubts of rates under several metrics: once where they are those of all, else with the metric's name."""
    by_metric = {rate.metric: doubts(rate, run) for rate in rates}
    found = []
    for doubt in dict.fromkeys(doubt for of_metric in by_metric.values() for doubt in of_metric):
        named = [metric for metric, of_metric in by_metric.items() if doubt in of_metric]
        found.append(doubt if len(named) == len(by_metric) else f"{', '.join(named)}: {doubt}")
    return found


def measure_name(name: str) -> str:
    """What a measure beside the rate is, in words."""
    name, _, other = name.partition(":")
    said = MEASURES.get(name, name.replace("_", " "))
    return said + (f" with {other}" if other else "")


def why_no_rate(run: RunSummary | None) -> str:
    """Why there is no number where one would stand."""
    if run is None:
        return "no run yet"
    if run.measured and run.state in ("running", "stalled"):
        return f"no finished run yet: {count(run.recorded)} of {count(run.job_count)} jobs"
    if run.lost and not run.measured:
        reasons = ", ".join(f"{count(n)} {reason}" for reason, n in run.lost.items() if n)
        return f"not measured: no comparison has its answers ({reasons})"
    return "not measured: nothing is scored" if run.recorded == 0 else "not measured"


def _missing(rate: LeakRate) -> str:
    whole = rate.comparisons + rate.missing
    said = f"{count(rate.missing)} of {count(whole)} comparisons have no score"
    bounds = with_missing(rate)
    return (
        said if bounds is None else f"{said}: with them it lies between {percent(bounds[0])} and {percent(bounds[1])} %"
    )
