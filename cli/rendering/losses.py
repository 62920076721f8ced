"""What was asked and got no answer, as a table and as one line."""

from collections.abc import Sequence
from statistics import fmean

from cli.rendering.output import DataTable, echo, p_value
from cli.rendering.tables import print_table
from results.dead_jobs import PromptLengths
from results.runs import RunSummary
from results.statistics.level import LEVEL
from results.statistics.ranks import lengths_differ
from seep.answers import LOST
from seep.records import Estimate, LeakRate
from seep.shares import between, rounded

TITLE = "without an answer, in % of all comparisons, with 95 % interval"


def print_losses(found: Sequence[LeakRate], first_column: str) -> None:
    """The shares of lost comparisons, a row per category and a column per reason that there is; nothing where all
    comparisons have their answers. They are the same under every metric."""
    by_category = {rate.category: rate.measures for rate in reversed(found)}
    rows = {category: by_category[category] for category in dict.fromkeys(rate.category for rate in found)}
    reasons = [reason for reason in LOST if any(reason in row and row[reason].share > 0 for row in rows.values())]
    if not reasons:
        return
    table = DataTable(first_column, *reasons)
    for category, measures in rows.items():
        table.add_row(category, *(_share(measures.get(reason)) for reason in reasons))
    # Not the table's title, which would be folded to its width.
    echo()
    echo(TITLE)
    print_table(table)


def missing_line(summary: RunSummary) -> str:
    """How many of a run's comparisons have no leak score, and why; empty where all have one."""
    missing = max(summary.missing, sum(summary.lost.values()))
    if not missing:
        return ""
    reasons = {**summary.lost, "not recorded": missing - sum(summary.lost.values())}
    why = ", ".join(f"{n} {reason}" for reason, n in reasons.items() if n)
    whole = "" if summary.comparisons is None else f" of {summary.comparisons}"
    return f"{missing}{whole} comparisons have no score: {why}"


def print_missing(summary: RunSummary) -> None:
    """The same as a line of its own, where there is something to say."""
    if line := missing_line(summary):
        echo(line)


def print_prompt_lengths(lengths: PromptLengths) -> None:
    """Whether the prompts of dead jobs differ in length from the others': what is missing is then not like the rest."""
    if not lengths.dead or not lengths.scored:
        return
    means = f"{fmean(lengths.dead):.0f} characters in the mean, the others' {fmean(lengths.scored):.0f}"
    p = lengths_differ(lengths.dead, lengths.scored)
    meaning = "they differ" if p < LEVEL else "no more than by chance"
    echo(f"failed jobs' prompts have {means}: {meaning} (p {p_value(p, 3)})")


def _share(share: Estimate | None) -> str:
    return "-" if share is None else f"{rounded(share.share, 2)} {between(share.low, share.high, 2)}"
