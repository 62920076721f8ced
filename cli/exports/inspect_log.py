"""A run as a log of inspect_ai, version 2 of its JSON form: each prompt is a sample, each sample of Seep's an epoch.

https://inspect.aisi.org.uk/eval-logs.html describes the form. `seep import --format inspect` reads it back: `n_control`
names the sample of the control, and `template_id` goes from a neutral arm to its job.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from cli.times import format_time
from results.runs import RunSummary
from results.sums import Comparison
from seep.errors import InputError
from seep.provenance import described
from seep.records import LeakRate
from seep.suites.schema import PROMPT_PLACE

PROBES = ("semantic", "sway")
"""Those that compare a test's answer with the one to its job's control."""
STATUS = {"complete": "success", "partial": "success", "cancelled": "cancelled"}
STOP_REASONS = {
    "stop": "stop",
    "length": "max_tokens",
    "refusal": "content_filter",
    "filtered": "content_filter",
    "tool_call": "tool_calls",
}
DECODING = ("temperature", "top_p", "max_tokens")
FORM = "prompt_format"


def as_log(summary: RunSummary, rates: Sequence[LeakRate], comparisons: Iterable[Comparison]) -> str:
    """The log as JSON. Rates and scores are shares from 0 to 1, as inspect_ai's are.

    Raises InputError for a run that is not over or mixed, of a probe without a control, or whose texts are deleted, and
    where only a part of its prompts' form is kept.
    """
    _check(summary)
    ask = _form(summary)
    samples = list(_samples(comparisons, ask, summary.provenance.get("model", summary.target)))
    if not samples:
        raise InputError(f"run {summary.run_id}: it has no answers to export")
    ids = list(dict.fromkeys(sample["id"] for sample in samples))
    known = described(summary.provenance, "decoding")
    decoding = {name: known[name] for name in DECODING if known.get(name) is not None}
    started, ended = (format_time(at) for at in (summary.created_at or summary.progress_at, summary.progress_at))
    log = {
        "version": 2,
        "status": STATUS[summary.state],
        "eval": {
            **{"eval_id": summary.run_id, "run_id": summary.run_id, "created": started},
            **{"task": summary.suite, "task_id": summary.suite_hash, "task_version": summary.suite_version},
            "dataset": {"name": summary.suite, "samples": len(ids), "sample_ids": ids},
            "model": summary.provenance.get("model", summary.target),
            "model_generate_config": decoding,
            "config": {"epochs": summary.samples},
            "packages": {"seep": version("seep")},
            "tags": list(summary.labels),
            "metadata": {"target": summary.target, "probe": summary.probe, "provenance": dict(summary.provenance)},
        },
        "results": {
            "total_samples": len(samples),
            "completed_samples": len(samples),
            "scores": list(_scores(rates)),
        },
        "stats": {"started_at": started, "completed_at": ended},
        "samples": samples,
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _check(summary: RunSummary) -> None:
    if summary.state not in STATUS:
        raise InputError(f"run {summary.run_id}: it is {summary.state}; expected one that is over")
    if summary.probe not in PROBES:
        raise InputError(
            f"run {summary.run_id}: expected a run of the {' or '.join(PROBES)} probe, not {summary.probe}"
        )
    if summary.mixed:
        raise InputError(f"run {summary.run_id}: its jobs differ in how they were made, and a log is of one model")
    if summary.texts_deleted_at is not None:
        raise InputError(f"run {summary.run_id}: its texts are deleted (retention.texts_days), and a log is of texts")


@dataclass(frozen=True)
class _Form:
    """How a prompt reached the model, as far as provenance says it: a job's own system message is not kept."""

    is_chat: bool
    system: str
    user: str

    def messages(self, prompt: str) -> list[dict[str, Any]]:
        """System message, where there is one, and question."""
        if not self.is_chat:
            prompt = self.user.replace("{system}", self.system).replace(PROMPT_PLACE, prompt)
            return [{"role": "user", "content": prompt}]
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": self.user.replace(PROMPT_PLACE, prompt)}]


def _form(summary: RunSummary) -> _Form:
    form = described(summary.provenance, FORM)
    if not form and FORM in summary.provenance:
        raise InputError(f"run {summary.run_id}: its prompts' form was not kept whole, and a log is of prompts")
    return _Form(form.get("kind") != "plain", str(form.get("system") or ""), str(form.get("user") or PROMPT_PLACE))


def _samples(comparisons: Iterable[Comparison], form: _Form, model: str) -> Iterator[dict[str, Any]]:
    """Of each comparison the test, and of each job and sample the control and the neutral arm once."""
    seen: set[tuple[str, int, str]] = set()
    for each in comparisons:
        arms = {
            "control": (each.control_prompt, each.control_generation, each.control_ended, each.control_reasoning),
            "neutral": (each.neutral_prompt, each.neutral_generation, each.neutral_ended, each.neutral_reasoning),
        }
        for arm, said in arms.items():
            if said[0] and (each.job_id, each.sample, arm) not in seen:
                seen.add((each.job_id, each.sample, arm))
                yield _sample(f"{each.job_id}/{arm}", each, said, form, model)
        said = (each.prompt, each.generation, each.ended, each.reasoning)
        fields = {"n_control": f"{each.job_id}/control", "concept": each.concept, "category": each.category}
        yield _sample(f"{each.job_id}/{each.test}", each, said, form, model, fields) | {"scores": _scored(each)}


def _sample(
    name: str,
    comparison: Comparison,
    said: tuple[str, str, str, str],
    form: _Form,
    model: str,
    fields: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    prompt, generation, ended, reasoning = said
    messages = form.messages(prompt)
    parts = [{"type": "reasoning", "reasoning": reasoning}, {"type": "text", "text": generation}]
    answer = {"role": "assistant", "content": parts if reasoning else generation}
    choices = [{"message": answer, "stop_reason": STOP_REASONS[ended]}] if ended in STOP_REASONS else []
    return {
        **{"id": name, "epoch": comparison.sample + 1, "input": messages, "target": ""},
        "messages": [*messages, *([answer] if choices else [])],
        "output": {"model": model, "choices": choices},
        "metadata": {"template_id": comparison.job_id, "ended": ended, **(fields or {})},
    }


def _scored(comparison: Comparison) -> dict[str, Any]:
    """By metric whether it leaks: 1, 0, or 0.5 of a tie; none where an answer was lost."""
    return {
        metric: {
            "value": measures["leak"],
            "answer": comparison.generation,
            "metadata": {
                "measures": measures,
                "similarities to test, control, neutral": comparison.similarities.get(metric),
            },
        }
        for metric, measures in comparison.outcomes.items()
        if "leak" in measures
    }


def _scores(rates: Sequence[LeakRate]) -> Iterator[dict[str, Any]]:
    """Of each metric the rates by category; what was not measured is left out."""
    for metric in dict.fromkeys(rate.metric for rate in rates):
        measured = [rate for rate in rates if rate.metric == metric and rate.rate is not None]
        if measured:
            metrics = {rate.category: _metric(rate) for rate in measured}
            yield {"name": metric, "scorer": metric, "metrics": metrics}


def _metric(rate: LeakRate) -> dict[str, Any]:
    low, high = (None if bound is None else bound / 100 for bound in (rate.low, rate.high))
    facts = {name: getattr(rate, name) for name in ("against", "comparisons", "clusters", "missing")}
    return {
        "name": rate.category,
        "value": (rate.rate or 0.0) / 100,
        "metadata": {"95 % interval": [low, high], **facts},
    }
