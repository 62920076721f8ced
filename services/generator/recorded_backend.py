"""Answers that were generated before, from a recorded file; without their thoughts, and never cut again."""

from collections.abc import Sequence
from hashlib import sha256

from seep.records import Answer, Failure, Reading
from seep.settings import RecordedEngine
from seep.suites.recorded import RecordedLine, read_recorded_lines
from services.generator.backend import Answered, Request
from services.generator.reasoning import read_reasoning


class RecordedBackend:
    """Looks answers up by the suite's prompt and the job's own system message.

    Raises InputError for a file that cannot be read.
    """

    def __init__(self, engine: RecordedEngine) -> None:
        self.provides = engine.provides
        self._lines = read_recorded_lines(engine.file)
        self._provenance = {
            "engine": "recorded",
            "model": engine.file.name,
            "model_revision": "sha256:" + sha256(engine.file.read_bytes()).hexdigest(),
        }

    def generate(self, requests: Sequence[Request]) -> list[Answered | Failure]:
        """The first `samples` recorded answers; a Failure where there are fewer, or none."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Answered | Failure:
        line = self._lines.get((request.prompt, request.system))
        if line is None:
            return Failure("the recorded file has no answers to one of the job's prompts")
        found = len(line.generations)
        if found < request.samples:
            return Failure(f"the recorded file has {found} answers to a prompt, the job wants {request.samples}")
        if "reading" in request.wants and not line.readings:
            return Failure("the recorded file has no readings beside its answers, and the job's probe needs them")
        return Answered(_answers(line, request)[: request.samples], self._provenance)


def _answers(line: RecordedLine, request: Request) -> tuple[Answer, ...]:
    """The answers as records; one whose reading is null has none."""
    answers = [Answer(text, ended) for text, ended in zip(line.generations, line.endings, strict=True)]
    if not line.readings:
        return tuple(read_reasoning(answer, request.reasoning) for answer in answers)
    return tuple(
        answer._replace(ended="no_content")
        if reading is None
        else answer._replace(inside=Reading(reading.tokens, reading.probabilities, reading.values))
        for answer, reading in zip(answers, line.readings, strict=True)
    )
