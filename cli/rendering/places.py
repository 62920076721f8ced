"""How often each place was chosen, as bars against 1/n."""

from collections.abc import Sequence

from cli.rendering.bars import bar_with_figures
from cli.rendering.output import echo
from results.places import Places, places
from seep.records import LeakRate
from seep.shares import rounded

# So many answers without an option may choose otherwise than those that name one.
MANY_UNPARSED = 10.0


def print_places(rates: Sequence[LeakRate]) -> None:
    """Of each category its places as bars, with 1/n as a line, the interval as dashes, and what they say together."""
    for found in places(rates):
        echo()
        echo(
            f"{found.category}: how often each place was chosen; | is {found.even:.1f} %, a place's share without bias"
        )
        for number, rate in enumerate(found.shares, start=1):
            share, low, high = rate.rate or 0.0, rate.low or 0.0, rate.high or 0.0
            echo(f"  {number:>2} {bar_with_figures(share, low, high, found.even)}")
        echo(f"  {_together(found)}")
        if found.unparsed > MANY_UNPARSED:
            echo(
                f"warning: {rounded(found.unparsed, 0)} % of the answers in {found.category} name no option, "
                "or several: the shares speak of the others, and say little of the model"
            )


def _together(found: Places) -> str:
    parts = [f"largest distance from 1/n {found.largest:.2f} points", f"moved {rounded(found.moved, 1)} %"]
    if found.right is not None and found.recall_std is not None:
        parts += [f"right {rounded(found.right, 1)} %", f"RStd {found.recall_std:.2f}"]
    return ", ".join([*parts, f"unparsed {rounded(found.unparsed, 1)} %"])
