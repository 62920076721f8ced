"""True rates beside measured ones."""

from collections.abc import Mapping, Sequence

from cli.rendering.output import DataTable
from cli.rendering.rates import interval
from seep.records import LeakRate
from seep.shares import rounded


def truth_table(measured: Sequence[LeakRate], true: Mapping[tuple[str, str], float]) -> DataTable:
    """A row for each measured rate; the true ones are by metric and category, in percent."""
    table = DataTable("category", "metric", "true rate", "measured", "95 % interval", "truth inside")
    for rate in measured:
        truth = true[rate.metric, rate.category]
        inside = "yes" if lies_inside(rate, truth) else "NO"
        table.add_row(rate.category, rate.metric, f"{rounded(truth, 2)} %", *interval(rate), inside)
    return table


def what_it_says(outside: int, rates: int, *, beyond_chance: bool) -> list[str]:
    """How many of the true rates lie outside, and whether that is as it should be."""
    counted = f"{outside} of {rates} true rates lie outside their 95 % intervals"
    if beyond_chance:
        return [counted, "that is more than chance allows: what is measured here is not what the model does"]
    return [
        counted,
        "that is no more than chance allows, since one interval in twenty misses its truth: what is measured is right",
    ]


def lies_inside(rate: LeakRate, truth: float) -> bool:
    """Whether the truth, in percent, lies inside the rate's interval; not where nothing was measured."""
    return rate.low is not None and rate.high is not None and rate.low <= truth <= rate.high
