"""What a language's spill is, beside its placebo and its mirror, and in which order it reaches other languages."""

from collections.abc import Sequence

from cli.rendering.language_matrix import percent, points
from cli.rendering.output import DataTable, echo, p_value
from cli.rendering.tables import print_table
from results.language_spill import FEWEST_FOR_ORDER, Spill, spill_difference
from results.statistics.rank_order import RankOrder


def print_spills(spills: Sequence[Spill]) -> None:
    """A row per condition, and how much more the first spills than each other one; nothing where there is none."""
    if not spills:
        return
    table = DataTable("condition", "answers in", "asked for", "share", "95 % interval", "difference", "95 % interval")
    first = spills[0]
    for spill in spills:
        compared = () if spill is first else points(spill_difference(first, spill))
        table.add_row(
            spill.name,
            spill.language,
            ", ".join(spill.directives),
            *percent(spill.share),
            *(compared or ("", "")),
        )
    echo()
    print_table(table)


def print_order(order: RankOrder | None, language: str) -> None:
    """One line: does spill fall with the distance of the families?"""
    start = f"order by family distance to {language}"
    if order is None:
        why = f"it takes {FEWEST_FOR_ORDER} third languages whose distances and shares differ"
        echo(f"{start}: not measured: {why}")
        return
    figures = f"rank correlation {order.correlation:.2f} over {order.n} languages asked for"
    p = p_value(order.p, 3)
    echo(f"{start}: {figures}, p {p} by permutation of them, two-sided (below 0: relatives spill more)")
