"""What rates say, in a sentence below their table."""

from collections.abc import Sequence

from cli.rendering.output import echo
from results.rates import ALL, with_missing
from seep.probes import DEFAULT_PROBE, PROBES
from seep.records import LeakRate

NO_LEAK = 50.0
# A tie counts 50 %, whatever the model leaks. With more than half of them the rate tells more of ties than of leaks.
MANY_TIES = 50.0
# An empty answer is nearer to no concept, whatever the model leaks. So many of them can move a rate by twice what a
# comparison of runs calls drift.
MANY_EMPTY = 10.0
NOT_ABOVE_PLACEBO = "above it, but not clearly above what neutral words do against the control"
NULL = "50 % is no leakage"
LEAKS = "above it, so answers move towards the concept"
MAY_LEAK = "above it; what any other words would do against a control, only a neutral arm could tell"
UNCLEAR = "around it, so no leakage is found: there may be none, or too few jobs to see it"
ANY_WORDS = "against a control any other words may lower it as well: only a neutral arm could tell"


def print_meaning(found: Sequence[LeakRate]) -> None:
    """What the rates of their probe are, where the table does not say it, and what those of all categories show."""
    for probe in dict.fromkeys(rate.probe for rate in found):
        if probe in PROBES and PROBES[probe].meaning:
            echo(PROBES[probe].meaning)
    semantic = [rate for rate in found if rate.probe == DEFAULT_PROBE and rate.rate is not None]
    if line := what_they_show([rate for rate in semantic if rate.category == ALL]):
        echo(line)
    _print_avoidance(semantic)


def what_they_show(overall: Sequence[LeakRate]) -> str:
    """Where the intervals of all categories lie, by metric; nothing of a rate that ties, empty answers or what is
    missing may have made, of a mixed one, and of one below 50 %, which has a line of its own."""
    said = {rate.metric: _where(rate) for rate in overall}
    known = {metric: where for metric, where in said.items() if where}
    if not known:
        return ""
    if len(known) == len(overall) and len(set(known.values())) == 1:
        where = next(iter(known.values()))
        intervals = "the interval of all lies" if len(known) == 1 else "the intervals of all lie"
        return f"{NULL}; {intervals} {where}"
    return "; ".join([NULL, *(f"under {metric} that of all lies {each}" for metric, each in known.items())])


def _where(rate: LeakRate) -> str:
    doubtful = _share(rate, "tie") > MANY_TIES or _share(rate, "empty") > MANY_EMPTY or rate.mixed
    if doubtful or rate.low is None or rate.high is None or rate.high < NO_LEAK:
        return ""
    if rate.low <= NO_LEAK:
        return UNCLEAR
    if (bounds := with_missing(rate)) and bounds[0] <= NO_LEAK:
        return ""
    return LEAKS if rate.against == "neutral" else _where_against_control(rate) if rate.against == "control" else ""


def _where_against_control(rate: LeakRate) -> str:
    if rate.above_placebo is None:
        return MAY_LEAK
    return LEAKS if rate.above_placebo.low > 0 else NOT_ABOVE_PLACEBO


def _share(rate: LeakRate, measure: str) -> float:
    return rate.measures[measure].share if measure in rate.measures else 0.0


def _print_avoidance(found: Sequence[LeakRate]) -> None:
    avoided = [rate for rate in found if _avoids(rate)]
    if not avoided:
        return
    others = {rate.category for rate in found if rate not in avoided}
    cells = [rate.category + (f" ({rate.metric})" if rate.category in others else "") for rate in avoided]
    listed = ", ".join(dict.fromkeys(cells))
    echo(f"avoidance: the rate lies below 50 %, so answers keep away from the concept: {listed}")
    if any(rate.against == "control" and rate.above_placebo is None for rate in avoided):
        echo(ANY_WORDS)


def _avoids(rate: LeakRate) -> bool:
    """Whether it lies below 50 %; where neutral words alone lower a rate against the control, also below theirs.

    What is empty keeps away from nothing.
    """
    if _share(rate, "empty") > MANY_EMPTY:
        return False
    above = rate.above_placebo
    by_neutral_words = rate.against == "control" and above is not None and above.high >= 0
    return rate.high is not None and rate.high < NO_LEAK and not by_neutral_words
