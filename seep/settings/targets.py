"""Targets: named ways of asking an engine."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from seep.settings.engines import AnyEngine, OpenAiEngine, RecordedEngine, VllmEngine
from seep.settings.section import Identifier, Section

PROMPT_PLACE = "{prompt}"
SYSTEM_PLACE = "{system}"
# What asks an engine in another way; recorded answers were asked in one way, for good.
ASKING = ("adapter", "system", "format", "temperature", "top_p", "max_tokens", "filter")
LIMITS = ("requests_per_minute", "tokens_per_day")


def _template(value: str) -> str:
    if value.count(PROMPT_PLACE) != 1:
        raise ValueError(f"expected {PROMPT_PLACE} exactly once, found {value.count(PROMPT_PLACE)} of it")
    return value


def _system(value: str) -> str:
    if PROMPT_PLACE in value:
        raise ValueError(f"expected a system message without {PROMPT_PLACE}")
    return value


class TargetFormat(Section):
    """How prompts are put to the model, in the place of the suite's own format.

    `chat` is the model's chat template with `user` as the user's message; `plain` is `user` itself, to be continued.
    Its fields are `{prompt}` and, in a plain one, `{system}`; other braces are text.
    """

    kind: Literal["chat", "plain"]
    user: Annotated[str, AfterValidator(_template)] = PROMPT_PLACE


class OutputFilter(Section):
    """Answers that are refused and drawn again, up to `max_regenerations` times; then the last one stays.

    Refused is what `refuse` (a regular expression) is found in, and with `refuse_concept` an answer to a test's prompt
    that holds the test's concept, in any case: word for word, or anywhere in a language written without blanks.
    """

    refuse: re.Pattern[str] | None = None
    refuse_concept: bool = False
    max_regenerations: int = Field(3, ge=1, le=100)

    @model_validator(mode="after")
    def _refuses_something(self) -> Self:
        if self.refuse is None and not self.refuse_concept:
            raise ValueError("expected refuse or refuse_concept, found neither")
        return self


class Target(Section):
    """A named way of asking an engine; what is set here goes over the suite's own.

    `adapter` is one of a vllm engine's `lora_modules`, or the name that an endpoint gives to a model.
    """

    engine: Identifier
    adapter: str | None = None
    system: Annotated[str, AfterValidator(_system)] | None = None
    format: TargetFormat | None = None
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    filter: OutputFilter | None = None
    requests_per_minute: float | None = Field(None, gt=0)
    tokens_per_day: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Self:
        if self.filter and self.temperature == 0:
            raise ValueError("filter: at temperature 0 an answer that is drawn again is the same answer")
        if self.system and self.format and self.format.kind == "plain" and SYSTEM_PLACE not in self.format.user:
            raise ValueError(f"system: the plain format has no {SYSTEM_PLACE} to put it in")
        return self


def contradiction(target: Target, engine: AnyEngine) -> str | None:
    """What a target asks of its engine that such an engine cannot do, as "field: reason"."""
    if isinstance(engine, RecordedEngine):
        for field in ASKING:
            if getattr(target, field) is not None:
                return f"{field}: recorded answers cannot be asked for in another way"
    if isinstance(engine, VllmEngine) and target.adapter is not None and target.adapter not in engine.lora_modules:
        return f"adapter: {target.adapter!r} is not among the engine's lora_modules"
    if not isinstance(engine, OpenAiEngine):
        for field in LIMITS:
            if getattr(target, field) is not None:
                return f"{field}: only an openai engine has such a limit"
    return None
