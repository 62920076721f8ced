"""What a server with OpenAI's API answers: the choices of a completion, in whatever shape servers give them.

An error inside a success is a failed request, as one with HTTP 500 is; it never becomes an answer.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from seep.answers import is_blank
from seep.characters import printable_name, whole_characters
from seep.records import Answer, Ended
from services.generator.endings import Said, ending
from services.generator.masking import Hidden, masked, without_secrets
from services.generator.openai_content import Content, message_content

# vLLM's and llama.cpp's fingerprints begin with their versions. A vendor's says which of its many machines answered,
# nothing of the run: several of them answer any run, and it would count as mixed.
FINGERPRINTS = (re.compile(r"vllm-(\d[\w.+]*)-"), re.compile(r"(b\d{3,6}-[0-9a-f]{7,40})$"))
STREAM = (b"data:", b"event:", b"id:", b"retry:", b":")
# Where a server stops inside an emoji, half of it ends a text. Elsewhere such bytes are of another encoding.
HALF_WITHIN = re.compile('\ufffd(?![\ufffd"])')
GZIP = b"\x1f\x8b"
FAILED = frozenset({"error", "failed", "failure", "cancelled", "canceled"})
# MiniMax's, Alibaba's and others' for what their filters took away.
FILTERED_FIELDS = ("input_sensitive", "output_sensitive", "is_blocked", "blocked", "filtered", "flagged")
# What an error says of the moment rather than of the request.
OVERLOADED = frozenset({"429", "rate_limit_exceeded", "overloaded_error", "insufficient_quota"})
ERROR_CODE = re.compile(r"[\w.-]{1,60}")
MOST_TOKENS = 10**12
LONGEST_LINES = 64 * 1024


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
    """What a server has answered: not yet cut, with the tokens it cost and the engine's version, if it says them.

    `unknown_ending` is a word for how an answer ended that nobody here knows; empty where all are known.
    """

    answers: tuple[Answer, ...]
    tokens: int | None
    version: str | None
    unknown_ending: str = ""


def without_hidden(completions: Completions, hidden: Hidden) -> Completions:
    """The same without secrets in names, and without the words of prompt and answers in that for how one ended."""
    answers = tuple(each._replace(model=without_secrets(each.model, hidden.secrets)) for each in completions.answers)
    if not completions.unknown_ending:
        return replace(completions, answers=answers)
    texts = (*hidden.texts, *(each.text for each in answers))
    return replace(
        completions, answers=answers, unknown_ending=masked(completions.unknown_ending, replace(hidden, texts=texts))
    )


def read_completions(body: bytes, samples: int) -> Completions:
    """The first `samples` choices in the order of their index, each with its text, its thoughts and how it ended.

    Raises UnusableAnswer, also where one choice of several was broken off.
    """
    completion = _parsed(body)
    _raise_error(_error_beside(completion))
    filtered = _is_prompt_filtered(completion)
    choices = _in_order(completion.get("choices"))
    if not choices and not filtered:
        raise UnusableAnswer("the answer has no choices", error=completion)
    model = completion.get("model")
    name = printable_name(model) if isinstance(model, str) else ""
    answers = tuple(_answer(choice, name, filtered) for choice in choices[:samples])
    answers = answers or (Answer("", "filtered", model=name),)
    version = _version(completion.get("system_fingerprint"))
    return Completions(answers, _tokens(completion.get("usage")), version, _unknown_ending(choices[:samples]))


def all_filtered(samples: int) -> Completions:
    """What a server gives that filters the prompt, and so refuses the request."""
    return Completions((Answer("", "filtered"),) * samples, 0, None)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(_decoded(body), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if body.lstrip().startswith(STREAM) or _is_lines(body):
            raise UnusableAnswer("the server streams its answer, though it was not asked to", refused=True) from error
        raise UnusableAnswer("the answer is not JSON") from error
    if not isinstance(found, dict):
        raise UnusableAnswer("the answer is not a completion")
    return found


def _decoded(body: bytes) -> str:
    """As UTF-8, -16 or -32, which the first bytes tell apart; half a character at a text's end is no reason to refuse.

    Raises UnusableAnswer for any other encoding: its words would be read wrong.
    """
    encoding = "utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else json.detect_encoding(body)
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        if body.startswith(GZIP):
            raise UnusableAnswer("the answer is packed, though it was not asked to be", refused=True) from error
        text = body.decode(encoding, "replace")
        if HALF_WITHIN.search(text):
            raise UnusableAnswer("the answer is not UTF-8", refused=True) from error
        return text


def _is_lines(body: bytes) -> bool:
    """Whether each line is an object of its own, as a server sends that streams in its own way."""
    lines = body[:LONGEST_LINES].strip().splitlines()[:2]
    try:
        return len(lines) == 2 and all(isinstance(json.loads(line), dict) for line in lines)
    except (ValueError, RecursionError):
        return False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _error_beside(facts: Mapping[str, Any]) -> object:
    """What says that there is no answer, whatever else stands there."""
    if found := facts.get("error") or facts.get("errors"):
        return found
    base = facts.get("base_resp")  # MiniMax's: a code that is 0 for success
    if isinstance(base, dict) and base.get("status_code"):
        return {"code": base["status_code"], "message": base.get("status_msg")}
    failed = facts.get("success") is False or any(
        isinstance(facts.get(name), str) and facts[name].casefold() in FAILED for name in ("object", "status", "type")
    )
    return facts if failed else None


def _raise_error(error: object) -> None:
    """For whatever a server puts under `error`; empty values say that there is none."""
    if not error:
        return
    facts: Mapping[str, object] = error if isinstance(error, dict) else {}
    said = [str(facts[name]) for name in ("code", "type") if facts.get(name)]
    code = next((each for each in said if ERROR_CODE.fullmatch(each) and each.casefold() not in FAILED), "")
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
    message = choice.get("message")
    _raise_error(_error_beside(choice) or (isinstance(message, dict) and _error_beside(message)))
    content = message_content(choice)
    ended = _ended(choice, content, filtered)
    return Answer(whole_characters(content.text or ""), ended, whole_characters(content.reasoning), model)


def _said(choice: Mapping[str, Any]) -> Said | None:
    reason = choice.get("finish_reason")
    # Anthropic's word for it; beside a finish_reason it is vLLM's, and says which stop string was met.
    other = None if isinstance(reason, str) else choice.get("stop_reason")
    return ending((reason, choice.get("native_finish_reason"), choice.get("finish_details"), other))


def _unknown_ending(choices: Iterable[Mapping[str, Any]]) -> str:
    reasons = (choice.get("finish_reason") for choice in choices if (said := _said(choice)) and not said.known)
    return next((printable_name(str(reason)) for reason in reasons), "")


def _ended(choice: Mapping[str, Any], content: Content, filtered: bool) -> Ended:
    said = _said(choice)
    ended = said.ending if said else "stop"
    if ended == "error":
        raise UnusableAnswer("the server broke the answer off")
    message = choice.get("message")
    if filtered or _is_filtered(choice) or (isinstance(message, dict) and _is_filtered(message)):
        return "filtered"
    if content.refused:
        return "refusal"
    if ended != "stop":
        return ended
    if content.called and is_blank(content.text or ""):
        return "tool_call"
    # An empty text is an answer only where the server says that the model came to its own end.
    if content.text is not None and (not is_blank(content.text) or (said and said.known)):
        return "stop"
    if said is None and not content.given:
        raise UnusableAnswer("a choice has no text")
    return "no_content"


def _is_prompt_filtered(completion: Mapping[str, Any]) -> bool:
    """Whether the prompt was filtered, as servers say it beside the choices or in their place."""
    if _is_filtered(completion):
        return True
    results = completion.get("prompt_filter_results") or completion.get("prompt_annotations")
    if isinstance(results, list):
        return any(isinstance(each, dict) and _any_filtered(each.get("content_filter_results")) for each in results)
    feedback = completion.get("promptFeedback") or completion.get("prompt_feedback")
    return isinstance(feedback, dict) and bool(feedback.get("blockReason") or feedback.get("block_reason"))


def _is_filtered(facts: Mapping[str, Any]) -> bool:
    return _any_filtered(facts.get("content_filter_results")) or any(
        facts.get(name) is True for name in FILTERED_FIELDS
    )


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
