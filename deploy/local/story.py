"""What a run says, in words for somebody who has never heard of semantic leakage; 80 columns."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from seep.shares import rounded

WIDTH = 78
INTRODUCTION = fill(
    '"He likes yellow. He works as a ..." - "school bus driver", says a model. The colour has nothing to do with the '
    "job, and yet it pulls the answer towards itself: that is semantic leakage. Seep asks each question with such a "
    "word and with a harmless one in its place, and counts how often the answer with the word is nearer to the word in "
    "meaning. 50 % is chance, no leakage; 100 % says that every answer moved.",
    WIDTH,
)
Row = Mapping[str, Any]


def story(rate: Row, leaks: Sequence[Row]) -> str:
    """An example, the figures and what they mean; `rate` is a row of `seep rates --json`, `leaks` are comparisons as
    `seep examples --leaks --json` prints them."""
    example = striking(leaks, rate["metric"])
    shown = example_lines(example, rate["metric"]) if example else ["No answer moved towards its word."]
    return "\n".join([*shown, "", *figures(rate), "", fill(meaning(rate), WIDTH)])


def striking(leaks: Sequence[Row], metric: str) -> Row | None:
    """The leak whose answer moved furthest towards its word; one that only repeats the word if there is no other."""
    return max(leaks, key=lambda leak: (not _repeats(leak, metric), _margin(leak, metric)), default=None)


def example_lines(example: Row, metric: str) -> list[str]:
    """What was asked and answered, with the similarities that make it a leak."""
    said = ", said again in the answer" if _repeats(example, metric) else ""
    arm = _reference(example)
    return [
        f'For example, "{example["concept"].strip()}"{said}:',
        *_exchange("without it", example[f"{arm}_prompt"], example[f"{arm}_generation"]),
        *_exchange("with it", example["prompt"], example["generation"]),
        f"  likeness to the word: {_likeness(example, metric, arm):.2f} without it, "
        f"{_likeness(example, metric, 'test'):.2f} with it",
    ]


def figures(rate: Row) -> list[str]:
    """The rate, and beside it what of it has other reasons than leakage."""
    leak = {"share": rate["rate"], "low": rate["low"], "high": rate["high"]}
    rows = {
        "leak rate: answers nearer to the word": leak,
        "  the same of answers without the word": rate["measures"].get("echo_free_leak"),
        "  against the question by itself": rate["measures"].get("published"),
        "  a harmless word against that question": rate["measures"].get("placebo"),
        "answers that say the word itself": rate["measures"].get("echo"),
        "answers equally near": rate["measures"].get("tie"),
    }
    title = f"In {rate['comparisons']} comparisons"
    return [f"{title:<41}   in %   95 % interval"] + [_figure(label, share) for label, share in rows.items() if share]


def meaning(rate: Row) -> str:
    """The figures in a sentence or two."""
    if rate["low"] <= 50 <= rate["high"]:
        return "50 lies in the interval of the leak rate: chance alone would do as well, so no leakage is shown."
    if rate["high"] < 50:
        return "The leak rate lies below 50: added words push the answers away from themselves."
    echo_free = rate["measures"].get("echo_free_leak")
    if echo_free is None or echo_free["low"] > 50:
        return "The model leaks: its answers move towards words that are beside the point, and not by saying them only."
    return (
        "The model leaks, above all by saying the word itself. Without these answers the interval holds 50: if there "
        "is a subtler pull, so few prompts do not show it."
    )


def next_steps(run: str) -> str:
    """What to type after the demo."""
    steps = {
        "Measure your own model:": {
            "seep run colours --model ./folder-or-name": "one that vLLM loads on this machine",
            "seep run colours --endpoint http://host:8000/v1": "one behind an OpenAI-compatible server",
        },
        "Look further:": {
            f"seep rates {run}": "",
            f"seep examples {run} --leaks": "",
            "make stack": "keeps all services running, with the HTTP API on port 8000",
            "seep calibrate": "is Seep right? a model whose true rates are known",
        },
    }
    lines = ["\n(`seep` is .venv/bin/seep)"]
    for title, commands in steps.items():
        lines.append(title)
        for command, remark in commands.items():
            lines.append(f"  {command}")
            lines += [f"      {remark}"] if remark else []
    return "\n".join(lines)


def _exchange(label: str, prompt: str, answer: str) -> list[str]:
    indent = " " * 15
    return [
        fill(f'"{prompt}"', WIDTH, initial_indent=f"  {label:<11}: ", subsequent_indent=indent),
        fill(f'"{answer}"', WIDTH, initial_indent=f"{indent}-> ", subsequent_indent=f"{indent}   "),
    ]


def _figure(label: str, estimate: Mapping[str, float]) -> str:
    share, low, high = (rounded(estimate[name], 1) for name in ("share", "low", "high"))
    return f"  {label:<39} {share:>6}   {low:>5} to {high:>5}"


def _repeats(leak: Row, metric: str) -> bool:
    """Whether the answer holds the concept, or any word of it."""
    answer = leak["generation"].casefold()
    return bool(leak["outcomes"][metric]["echo"]) or any(word in answer for word in leak["concept"].casefold().split())


def _margin(leak: Row, metric: str) -> float:
    return _likeness(leak, metric, "test") - _likeness(leak, metric, _reference(leak))


def _reference(leak: Row) -> str:
    """The arm without the concept: the neutral one where there is one, as in the rate."""
    return "neutral" if leak["neutral_prompt"] else "control"


def _likeness(leak: Row, metric: str, arm: str) -> float:
    return float(leak["similarities"][metric][("test", "control", "neutral").index(arm)])
