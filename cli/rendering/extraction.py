"""How often texts are given back, per sample and by at least one of all samples, as bars."""

from collections.abc import Sequence

from cli.rendering.bars import bar_with_figures
from cli.rendering.output import echo
from seep.recall import ANY_SAMPLE
from seep.records import LeakRate


def print_extraction(rates: Sequence[LeakRate]) -> None:
    """Of each category a bar per sample and one of all samples together; nothing where no text has several."""
    found = [rate for rate in rates if ANY_SAMPLE in rate.measures and rate.rate is not None]
    if not found:
        return
    echo()
    echo("how often a text is given back: by a sample, and by at least one of all its samples")
    widest = max(len(rate.category) for rate in found)
    for rate in found:
        extracted = rate.measures[ANY_SAMPLE]
        shares = [("one", rate.rate or 0.0, rate.low or 0.0, rate.high or 0.0)]
        shares.append(("any", extracted.share, extracted.low, extracted.high))
        for which, share, low, high in shares:
            name = rate.category if which == "one" else ""
            echo(f"  {name:{widest}} {which} {bar_with_figures(share, low, high)}")
