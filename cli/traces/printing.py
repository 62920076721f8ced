"""What is found in differences of activations, as tables."""

from collections.abc import Sequence

from cli.rendering.consoles import wide_console
from cli.rendering.output import DataTable, echo, p_value
from cli.traces.finding import Found, PositionReadings, Step, Traces
from cli.traces.steering import SteeredTexts
from cli.traces.topics import FoundTopic
from seep.shares import rounded

SHOWN_TOKENS = 10
SHOWN_TEXTS = 3


def print_found(found: Found) -> None:
    """Every part that was asked for, one below the other."""
    _print_traces(found.traces)
    if found.interpolated:
        _print_steps(found.interpolated, "share")
    if found.topics is not None:
        _print_topics(found.topics)
    if found.steered is not None:
        _print_steered(found.steered)


def _print_traces(found: Traces) -> None:
    """Relevance by topic, what each position reads as, and how the differences lie."""
    table = DataTable("topic", "difference", "decoys", "base itself", "patchscope", "of the base itself")
    for topic in found.topics:
        shares = (topic.lens, topic.decoys, topic.base_itself, topic.patchscope, topic.base_patchscope)
        table.add_row(topic.topic, *map(_percent, shares))
    wide_console().print(table)
    echo("% of the first 20 tokens that are words of the topic; decoys and the base itself say what chance brings")
    echo()
    positions = DataTable("position", "reads as", "steadiness", "sign-flipped", "context-free", "states' norm")
    for reading in found.readings:
        positions.add_row(*_of_position(found, reading))
    wide_console().print(positions)
    echo()
    for line in _geometry(found):
        echo(line)


def _print_topics(topics: Sequence[FoundTopic]) -> None:
    """Groups of words that nobody declared."""
    echo()
    if not topics:
        echo("no group of words that the difference has and the base itself has not")
        return
    table = DataTable("words of the difference, grouped", "words", "of the base itself", "p")
    for topic in topics:
        table.add_row(topic.name, str(topic.in_difference), str(topic.in_base), p_value(topic.p))
    wide_console().print(table)


def _print_steps(steps: Sequence[Step], heading: str) -> None:
    """Relevance by topic along a series."""
    echo()
    topics = list(steps[0].relevance)
    table = DataTable(heading, *topics, "length of the difference")
    for step in steps:
        table.add_row(f"{step.at:g}", *(_percent(step.relevance[topic]) for topic in topics), f"{step.length:.4g}")
    wide_console().print(table)


def _print_steered(found: SteeredTexts) -> None:
    """How far the base can be pushed, and what it then writes."""
    echo()
    table = DataTable("strength", "distinct pairs", "perplexity", "fluent")
    for each in found.tried:
        table.add_row(
            f"{each.strength:g}", f"{each.variety:.2f} x", f"{each.perplexity:.2f} x", "yes" if each.fluent else "no"
        )
    wide_console().print(table)
    echo(f"strength {found.strength:g}:" if found.strength else "no strength leaves the texts fluent")
    for plain, steered in list(zip(found.plain, found.steered, strict=True))[:SHOWN_TEXTS]:
        echo(f"  base:    {plain}")
        echo(f"  steered: {steered}")


def _of_position(found: Traces, reading: PositionReadings) -> tuple[str, ...]:
    at = reading.position
    tokens = " · ".join(token.strip() or repr(token) for token in reading.base_head.tokens[:SHOWN_TOKENS])
    numbers = (found.steadiness[at], found.flipped_steadiness[at], found.context_freedom[at])
    return (str(at), tokens, *(f"{number:.2f}" for number in numbers), f"{found.sink[at]:.1f} x")


def _geometry(found: Traces) -> list[str]:
    later = [row[1:] for row in found.cosines[1:]]
    lines = [f"layer {found.layer}, {found.documents} documents, {len(found.cosines)} positions"]
    if len(later) > 1:
        others = [cosine for row, of_row in enumerate(later) for at, cosine in enumerate(of_row) if at != row]
        to_first = [row[0] for row in found.cosines[1:]]
        lines.append(
            f"mean differences at positions from 1: least cosine {min(others):.2f},"
            f" mean {sum(others) / len(others):.2f}; with position 0 {sum(to_first) / len(to_first):.2f}"
        )
    for name, spectrum in (("all", found.spectrum), ("from 1", found.spectrum_without_first)):
        if spectrum is not None:
            first = rounded(100 * spectrum.shares[0], 0)
            lines.append(
                f"first principal direction, positions {name}: {first} % of the variance,"
                f" cosine {spectrum.cosine:.2f} with the mean difference"
            )
    return lines


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{rounded(100 * share, 1)} %"
