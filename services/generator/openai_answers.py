"""What a server with OpenAI's API answers: the choices of a completion, in whatever shape servers give them.

An error inside a success is a failed request, as one with HTTP 500 is; it never becomes an answer.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from seep.answers import is_blank
from seep.characters import printable_name, whole_characters
from seep.records import Answer, Ended
from services.generator.endings import ending
from services.generator.openai_content import Content, message_content

# vLLM's and llama.cpp's fingerprints begin with their versions. A vendor's says which of its many machines answered,
# nothing of the run: several of them answer any run, and it would count as mixed.
FINGERPRINTS = (re.compile(r"vllm-(\d[\w.+]*)-"), re.compile(r"(b\d{3,6}-[0-9a-f]{7,40})$"))
STREAM = (b"data:", b"event:")
# What an error says of the moment rather than of the request.
OVERLOADED = frozenset({"429", "rate_limit_exceeded", "overloaded_error", "insufficient_quota"})
ERROR_CODE = re.compile(r"[\w.-]{1,60}")
MOST_TOKENS = 10**12


class UnusableAnswer(Exception):
    """A body that holds no answer, whatever its HTTP status; the message never quotes it.

    `attributable` says whether the request's own content may be the reason, `refused` whether this is how the server
    answers all that it is sent. `error` is what the server itself says of it, and may quote anything.
    """

    def __init__(self, kind: str, *, attributable: bool = True, refused: bool = False, error: object = None) -> None:
        super().__init__(kind)
        self.error = error
        self.attributable = attributable
        self.refused = refused


@dataclass(frozen=True)
class Completions:
    """What a server has answered: not yet cut, with the tokens it cost and the engine's version, if it says them."""

    answers: tuple[Answer, ...]
    tokens: int | None
    version: str | None


def read_completions(body: bytes, samples: int) -> Completions:
    """The first `samples` choices in the order of their index, each with its text, its thoughts and how it ended.

    Raises UnusableAnswer, also where one choice of several was broken off.
    """
    completion = _parsed(body)
    _raise_error(completion.get("error") or (completion.get("object") == "error" and completion))
    filtered = _is_prompt_filtered(completion)
    choices = _in_order(completion.get("choices"))
    if not choices and not filtered:
        raise UnusableAnswer("the answer has no choices")
    model = completion.get("model")
    name = printable_name(model) if isinstance(model, str) else ""
    answers = tuple(_answer(choice, name, filtered) for choice in choices[:samples])
    answers = answers or (Answer("", "filtered", model=name),)
    return Completions(answers, _tokens(completion.get("usage")), _version(completion.get("system_fingerprint")))


def all_filtered(samples: int) -> Completions:
    """What a server gives that filters the prompt, and so refuses the request."""
    return Completions((Answer("", "filtered"),) * samples, 0, None)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if body.lstrip().startswith(STREAM):
            raise UnusableAnswer("the server streams its answer, though it was not asked to", refused=True) from error
        raise UnusableAnswer("the answer is not JSON") from error
    if not isinstance(found, dict):
        raise UnusableAnswer("the answer is not a completion")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _raise_error(error: object) -> None:
    """For whatever a server puts under `error`; empty values say that there is none."""
    if not error:
        return
    facts: Mapping[str, object] = error if isinstance(error, dict) else {}
    said = [str(facts[name]) for name in ("code", "type") if facts.get(name)]
    code = next((each for each in said if ERROR_CODE.fullmatch(each)), "")
    kind = f"error {code} inside HTTP 200".replace("  ", " ")
    raise UnusableAnswer(kind, attributable=OVERLOADED.isdisjoint(said), error=error)


def _in_order(choices: object) -> Sequence[Mapping[str, Any]]:
    """By their index where each has one of its own, else as they stand."""
    if choices is None:
        return ()
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise UnusableAnswer("the answer is not a completion")
    places = [choice.get("index") for choice in choices]
    if all(type(place) is int for place in places) and len(set(places)) == len(places):
        return sorted(choices, key=lambda choice: int(choice["index"]))
    return choices


def _answer(choice: Mapping[str, Any], model: str, filtered: bool) -> Answer:
    _raise_error(choice.get("error"))
    content = message_content(choice)
    ended = _ended(choice, content, filtered)
    return Answer(whole_characters(content.text or ""), ended, whole_characters(content.reasoning), model)


def _ended(choice: Mapping[str, Any], content: Content, filtered: bool) -> Ended:
    reason = choice.get("finish_reason")
    # Anthropic's word for it; beside a finish_reason it is vLLM's, and says which stop string was met.
    other = None if isinstance(reason, str) else choice.get("stop_reason")
    said = ending((reason, choice.get("native_finish_reason"), other))
    if said == "error":
        raise UnusableAnswer("the server broke the answer off")
    if filtered or _any_filtered(choice.get("content_filter_results")):
        return "filtered"
    if content.refused:
        return "refusal"
    if said is not None and said != "stop":
        return said
    if content.called and is_blank(content.text or ""):
        return "tool_call"
    if content.text is not None:
        return "stop"
    if said is None and not content.given:
        raise UnusableAnswer("a choice has no text")
    return "no_content"


def _is_prompt_filtered(completion: Mapping[str, Any]) -> bool:
    """Whether the prompt was filtered, as Azure and Gemini say it beside the choices or in their place."""
    results = completion.get("prompt_filter_results") or completion.get("prompt_annotations")
    if isinstance(results, list):
        return any(isinstance(each, dict) and _any_filtered(each.get("content_filter_results")) for each in results)
    feedback = completion.get("promptFeedback") or completion.get("prompt_feedback")
    return isinstance(feedback, dict) and bool(feedback.get("blockReason") or feedback.get("block_reason"))


def _any_filtered(results: object) -> bool:
    """Whether one of Azure's categories, each {"filtered": ..., ...}, took the text away."""
    if not isinstance(results, dict):
        return False
    return any(isinstance(each, dict) and each.get("filtered") is True for each in results.values())


def _tokens(usage: object) -> int | None:
    """All that was used, if it is given as a whole or in both its parts."""
    if not isinstance(usage, dict):
        return None
    total, *parts = (_count(usage.get(name)) for name in ("total_tokens", "prompt_tokens", "completion_tokens"))
    counted = [part for part in parts if part is not None]
    return sum(counted) if total is None and len(counted) == len(parts) else total


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None


def _version(fingerprint: object) -> str | None:
    if not isinstance(fingerprint, str):
        return None
    return next((found[1] for pattern in FINGERPRINTS if (found := pattern.match(fingerprint[:200]))), None)
