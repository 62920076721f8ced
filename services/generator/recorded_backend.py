"""Answers that were generated before, from a recorded file; without their thoughts, and never cut again."""

from collections.abc import Sequence
from hashlib import sha256

from seep.records import Answer, Failure
from seep.settings import RecordedEngine
from seep.suites.recorded import read_recorded
from services.generator.backend import Answered, Request
from services.generator.reasoning import read_reasoning


class RecordedBackend:
    """Looks answers up by the suite's prompt and the job's own system message.

    Raises InputError for a file that cannot be read.
    """

    def __init__(self, engine: RecordedEngine) -> None:
        self.provides = engine.provides
        self._answers = read_recorded(engine.file)
        self._provenance = {
            "engine": "recorded",
            "model": engine.file.name,
            "model_revision": "sha256:" + sha256(engine.file.read_bytes()).hexdigest(),
        }

    def generate(self, requests: Sequence[Request]) -> list[Answered | Failure]:
        """The first `samples` recorded answers; a Failure where there are fewer, or none."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Answered | Failure:
        texts = self._answers.get((request.prompt, request.system))
        if texts is None:
            return Failure("the recorded file has no answers to one of the job's prompts")
        if len(texts) < request.samples:
            return Failure(f"the recorded file has {len(texts)} answers to a prompt, the job wants {request.samples}")
        answers = tuple(read_reasoning(Answer(text), request.reasoning) for text in texts[: request.samples])
        return Answered(answers, self._provenance)
