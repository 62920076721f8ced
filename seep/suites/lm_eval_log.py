"""Reads the samples that lm-evaluation-harness writes with `--log_samples`: answers in words, none by likelihood."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from seep.errors import InputError
from seep.explanations import mistake
from seep.suites.json_texts import AnswerText, parse_json
from seep.suites.logs import Decoding, Log, Said, Sample
from seep.text_files import read_text

HOW_ENDED = "the log does not say how answers ended: all count as whole"
# Its names of what a suite calls otherwise.
MAX_TOKENS = ("max_gen_toks", "max_new_tokens", "max_tokens")


class _Line(BaseModel):
    doc_id: int
    doc: dict[str, Any]
    arguments: dict[str, dict[str, Any]]
    resps: list[Any]
    filter: str = ""


class _Turn(BaseModel):
    role: str
    content: AnswerText


def read_lm_eval(path: Path) -> Log:
    """The log in a file. Raises InputError for tasks that compare likelihoods, and for examples of several turns."""
    lines = [_line(path, number, text) for number, text in _lines(path)]
    if not lines:
        raise InputError(f"{path}: expected samples, found none")
    # With several filters every sample stands there once for each; what the model said is the same.
    first = [(number, line) for number, line in lines if line.filter == lines[0][1].filter]
    samples = [_sample(f"{path}, line {number}", line) for number, line in first]
    counts = Counter(sample.name for sample in samples)
    if twice := next((name for name, count in counts.items() if count > 1), None):
        raise InputError(f"{path}: expected doc_id {twice} once, found again: is the file of two runs?")
    if left := {line.doc_id for _, line in lines} - {line.doc_id for _, line in first}:
        raise InputError(
            f"{path}: expected doc_id {min(left)} with the filter {lines[0][1].filter!r} as others, found none"
        )
    decodings = {tuple(sorted(_decoding(line).items())) for _, line in first}
    if len(decodings) > 1:
        raise InputError(f"{path}: expected one way of decoding for all samples, found {len(decodings)}")
    # A prompt that is no list of turns reaches the model as it is.
    chats = {_turns(line) is not None for _, line in first}
    if len(chats) > 1:
        raise InputError(f"{path}: expected all prompts as chats, or none")
    return Log(path, samples, _decoding(first[0][1]), "chat" if True in chats else "plain", [HOW_ENDED])


def _lines(path: Path) -> list[tuple[int, str]]:
    return [(number, text) for number, text in enumerate(read_text(path).split("\n"), 1) if text.strip()]


def _line(path: Path, number: int, text: str) -> tuple[int, _Line]:
    place = f"{path}, line {number}"
    try:
        return number, TypeAdapter(_Line).validate_python(parse_json(text, place))
    except ValidationError as error:
        raise mistake(place, error) from error


def _sample(place: str, line: _Line) -> Sample:
    said = line.resps[0] if len(line.resps) == 1 else None
    said = [said] if isinstance(said, str) else said
    if not isinstance(said, list) or not said or not all(isinstance(text, str) for text in said):
        raise InputError(f"{place}, resps: expected answers in words, as of the output_type generate_until")
    system, prompt = _question(place, line)
    answers = [Said(text, "stop") for text in TypeAdapter(list[AnswerText]).validate_python(said)]
    return Sample(str(line.doc_id), system, prompt, line.doc, answers)


def _question(place: str, line: _Line) -> tuple[str | None, str]:
    turns = _turns(line)
    if turns is None:
        prompt = line.arguments.get("gen_args_0", {}).get("arg_0")
        if not isinstance(prompt, str):
            raise InputError(f"{place}, arguments: expected a prompt in gen_args_0.arg_0")
        return None, prompt
    roles = [turn.role for turn in turns]
    if roles not in (["user"], ["system", "user"]):
        raise InputError(f"{place}, arguments: expected one question, perhaps behind a system message, found {roles}")
    return (turns[0].content if len(turns) > 1 else None), turns[-1].content


def _turns(line: _Line) -> list[_Turn] | None:
    """The prompt as a chat, which it is to servers of chats: JSON in a text, or that in a list; else None."""
    prompt = line.arguments.get("gen_args_0", {}).get("arg_0")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str) or not prompt.startswith("[{"):
        return None
    try:
        return TypeAdapter(list[_Turn]).validate_json(prompt)
    except ValidationError:
        return None


def _decoding(line: _Line) -> Decoding:
    """What a sample says of it; greedy where it does not sample."""
    given = line.arguments.get("gen_args_0", {}).get("arg_1")
    if not isinstance(given, Mapping):
        return {}
    found: dict[str, float | int] = {}
    for ours, theirs in (("temperature", ("temperature",)), ("top_p", ("top_p",)), ("max_tokens", MAX_TOKENS)):
        value = next((given[name] for name in theirs if name in given), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[ours] = value
    return {"temperature": 0.0} | found if given.get("do_sample") is False else found
