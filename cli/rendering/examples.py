"""Comparisons as a person reads them: what was asked, what was said, and what came of it."""

from collections.abc import Sequence
from typing import Any

from cli.rendering.output import echo
from cli.rendering.rates import is_measured, why_not_measured
from results.sums import Comparison
from seep.records import LeakRate
from seep.shares import told_apart

SHOWN_OF_THOUGHTS = 300
ARMS = ("test", "control", "neutral")


def print_examples(found: Sequence[Comparison], rates: Sequence[LeakRate]) -> None:
    """What a model said in each comparison of a run with these rates."""
    for comparison in found:
        _print_example(comparison)
    if not is_measured(rates):
        echo(why_not_measured(rates))
    elif not found:
        echo("no such comparisons")


def _print_example(comparison: Comparison) -> None:
    echo(f"[{comparison.category}] concept {comparison.concept.strip()!r}, sample {comparison.sample}")
    echo(f"  test:    {comparison.prompt!r} -> {comparison.generation!r}{_ending(comparison.ended)}")
    _print_thoughts(comparison.reasoning)
    if comparison.control_prompt:
        control = f"{comparison.control_prompt!r} -> {comparison.control_generation!r}"
        echo(f"  control: {control}{_ending(comparison.control_ended)}")
        _print_thoughts(comparison.control_reasoning)
    if comparison.neutral_prompt:
        neutral = f"{comparison.neutral_prompt!r} -> {comparison.neutral_generation!r}"
        echo(f"  neutral: {neutral}{_ending(comparison.neutral_ended)}")
        _print_thoughts(comparison.neutral_reasoning)
    for metric, measures in comparison.outcomes.items():
        echo(f"  {metric}: {_measures(measures)}{_similarities(comparison.similarities.get(metric))}")


def _print_thoughts(reasoning: str) -> None:
    if reasoning:
        more = "..." if len(reasoning) > SHOWN_OF_THOUGHTS else ""
        echo(f"    thought: {reasoning[:SHOWN_OF_THOUGHTS]!r}{more}")


def _ending(ended: str) -> str:
    return "" if ended == "stop" else f" ({ended})"


def _measures(measures: dict[str, Any]) -> str:
    return ", ".join(f"{measure} {value:g}" for measure, value in sorted(measures.items()))


def _similarities(to_arms: Sequence[float | None] | None) -> str:
    found = zip(ARMS, told_apart(to_arms or ()), strict=False)
    shown = [f"{value} ({arm})" for arm, value in found if value is not None]
    return f"; similarity to the concept {', '.join(shown)}" if shown else ""
