"""Reads a log of inspect_ai in its JSON form, version 2: one question and one answer in each sample and epoch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from seep.errors import InputError
from seep.explanations import mistake
from seep.records import Ended
from seep.suites.json_texts import AnswerText, parse_json
from seep.suites.logs import Log, Said, Sample
from seep.text_files import read_text

# By inspect_ai's `stop_reason`. What it calls unknown counts as whole, as in a recorded file that says nothing.
ENDED: Mapping[str, Ended] = {
    "stop": "stop",
    "unknown": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_call",
    "content_filter": "filtered",
}


class _Part(BaseModel):
    type: str
    text: AnswerText = ""


class _Message(BaseModel):
    role: Literal["system", "user", "assistant", "tool"]
    content: AnswerText | list[_Part]

    def said(self) -> str:
        """The text without reasoning, which inspect_ai keeps in parts of its own."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if part.type == "text")


class _Choice(BaseModel):
    message: _Message
    stop_reason: Literal["stop", "unknown", "max_tokens", "model_length", "tool_calls", "content_filter"] = "unknown"


class _Output(BaseModel):
    choices: list[_Choice] = []
    error: str | None = None


class _Sample(BaseModel):
    id: int | str
    epoch: int
    input: AnswerText | list[_Message]
    messages: list[_Message] = []
    output: _Output = Field(default_factory=_Output)
    error: Any = None
    limit: Any = None
    metadata: dict[str, Any] = {}


class _Generation(BaseModel):
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None


class _Spec(BaseModel):
    model: str
    model_generate_config: _Generation = Field(default_factory=_Generation)


class _Log(BaseModel):
    version: Literal[2]
    status: str
    eval: _Spec
    samples: list[_Sample] = []
    invalidated: bool = False


def read_inspect(path: Path) -> Log:
    """The log in a file; raises InputError for one that did not succeed, and for conversations of several turns."""
    if path.suffix.lower() == ".eval":
        raise InputError(f"{path}: expected the log as JSON: inspect log dump {path.name} > {path.stem}.json")
    try:
        log = TypeAdapter(_Log).validate_python(parse_json(read_text(path), str(path)))
    except ValidationError as error:
        raise mistake(str(path), error) from error
    if log.status != "success" or log.invalidated:
        found = "an invalidated one" if log.invalidated else log.status
        raise InputError(f"{path}: expected a log that ended in success, found {found}")
    by_id: defaultdict[str, list[_Sample]] = defaultdict(list)
    for each in log.samples:
        by_id[str(each.id)].append(each)
    if not by_id:
        raise InputError(f"{path}: expected samples, found none: the log may hold its header alone")
    samples = [_sample(path, sorted(epochs, key=lambda each: each.epoch)) for epochs in by_id.values()]
    decoding = {name: value for name, value in log.eval.model_generate_config if value is not None}
    return Log(path, samples, decoding, "chat", [f"model: {log.eval.model}", *_unknown_ends(log)])


def _sample(path: Path, epochs: Sequence[_Sample]) -> Sample:
    """One question with its answers of all epochs; each may have several."""
    first = epochs[0]
    if len({each.epoch for each in epochs}) < len(epochs):
        raise InputError(f"{path}, sample {first.id}: expected each epoch once: is the file of two runs?")
    questions = {_question(path, each) for each in epochs}
    if len(questions) > 1:
        raise InputError(f"{path}, sample {first.id}: expected the same question in all epochs")
    [(system, prompt)] = questions
    answers = [answer for each in epochs for answer in _answers(each)]
    return Sample(str(first.id), system, prompt, first.metadata, answers)


def _question(path: Path, sample: _Sample) -> tuple[str | None, str]:
    """System message and question, as they reached the model: a solver may have changed the sample's input."""
    given = [_Message(role="user", content=sample.input)] if isinstance(sample.input, str) else sample.input
    messages = sample.messages or given
    if messages[-1:] and messages[-1].role == "assistant":
        messages = messages[:-1]
    roles = [message.role for message in messages]
    if roles not in (["user"], ["system", "user"]):
        found = ", ".join(roles[:10]) or "nothing"
        raise InputError(f"{path}, sample {sample.id}: expected one question, perhaps behind a system message: {found}")
    return (messages[0].said() if len(messages) > 1 else None), messages[-1].said()


def _answers(sample: _Sample) -> list[Said]:
    """What was answered; a sample that failed has answers without content, whatever was there by then."""
    found = [Said(choice.message.said(), _ended(sample, choice)) for choice in sample.output.choices]
    return found or [Said("", "no_content")]


def _ended(sample: _Sample, choice: _Choice) -> Ended:
    if sample.error is not None or sample.output.error is not None:
        return "no_content"
    found = ENDED[choice.stop_reason]
    # A limit of tokens, time or messages ended the sample from outside.
    return "length" if found == "stop" and sample.limit is not None else found


def _unknown_ends(log: _Log) -> list[str]:
    unknown = sum(choice.stop_reason == "unknown" for each in log.samples for choice in each.output.choices)
    return [f"answers of unknown end, which count as whole: {unknown}"] if unknown else []
