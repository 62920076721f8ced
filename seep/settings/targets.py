"""Targets: named ways of asking an engine."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, StringConstraints, model_validator

from seep.job_limits import MOST_TEMPERATURE, MOST_TOKENS
from seep.settings.engines import ActivationsEngine, AnyEngine, OpenAiEngine, RecordedEngine, VllmEngine
from seep.settings.patterns import Pattern
from seep.settings.section import Identifier, Section

Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]

PROMPT_PLACE = "{prompt}"
SYSTEM_PLACE = "{system}"
# What asks an engine in another way; recorded answers were asked in one way, for good.
ASKING = (
    "adapter",
    "system",
    "format",
    "temperature",
    "top_p",
    "max_tokens",
    "filter",
    "chat_template_kwargs",
    "steer",
)
LIMITS = ("requests_per_minute", "tokens_per_day")


def _template(value: str) -> str:
    if value.count(PROMPT_PLACE) != 1:
        raise ValueError(f"expected {PROMPT_PLACE} exactly once, found {value.count(PROMPT_PLACE)} of it")
    return value


def _reasoning(value: object) -> object:
    return {"keep": "only"} if value == "only" else value


def _system(value: str) -> str:
    if PROMPT_PLACE in value:
        raise ValueError(f"expected a system message without {PROMPT_PLACE}")
    return value


class TargetFormat(Section):
    """How prompts are put to the model, in the place of the suite's own format.

    `chat` is the model's chat template with `user` as the user's message; `plain` is `user` itself, to be continued.
    Its fields are `{prompt}` and, in a plain one, `{system}`; other braces are text.
    """

    kind: Literal["chat", "plain"] = Field(
        description="`chat`: the model's chat template; `plain`: the text itself, to be continued."
    )
    user: Annotated[str, AfterValidator(_template)] = Field(
        PROMPT_PLACE, description="The user's message, or the plain text, with `{prompt}` exactly once."
    )


class OutputFilter(Section):
    """Answers that are refused and drawn again, up to `max_regenerations` times; then the last one stays.

    An answer is refused if `refuse`, a regular expression, is found in it. It is one of RE2, which takes time linear in
    the text. `\\w` and `\\b` know ASCII alone there; `\\pL` is a letter of any language.

    With `refuse_concept`, so is an answer to a test's prompt that holds the test's concept, in any case. In a language
    written without blanks the concept may stand anywhere; in others it is looked for word for word.
    """

    refuse: Pattern | None = Field(
        None, description="A regular expression, in RE2's syntax, that is found in refused answers."
    )
    refuse_concept: bool = Field(
        False, description="Refuse an answer to a test's prompt that holds the test's concept."
    )
    max_regenerations: int = Field(
        3, ge=1, le=100, description="Times that a refused answer is drawn again; then the last one stays."
    )

    @model_validator(mode="after")
    def _refuses_something(self) -> Self:
        if self.refuse is None and not self.refuse_concept:
            raise ValueError("expected refuse or refuse_concept, found neither")
        return self


class Reasoning(Section):
    """What a model thinks before it answers: how much of it there may be, how it is told from the answer, and whether
    it is kept.

    Thoughts never count as a part of the answer. They are read from a server's own field for them, and from tags at the
    beginning of the text. `keep: only` scores the thoughts instead of the answer; `reasoning: only` is short for it.
    """

    keep: bool | Literal["only"] = Field(
        True,
        description="`true`: beside the answer, to be read; `false`: thrown away; `only`: scored instead.",
    )
    max_tokens: int | None = Field(
        None,
        ge=1,
        le=MOST_TOKENS,
        description="Tokens for thoughts, beside the answer's own `max_tokens`; none of their own if empty.",
    )
    effort: str | None = Field(
        None, pattern=r"^[a-z_-]{1,20}$", description="How much to think, in the model's own words, as `low`."
    )
    tags: dict[Tag, Tag] | None = Field(
        None, description="Closing tags by their opening ones, in the place of the usual ones; `{}` looks for none."
    )
    opened: bool = Field(
        False, description="The server's chat template opens the thoughts, so that answers hold only the closing tag."
    )

    @model_validator(mode="after")
    def _tags_differ(self) -> Self:
        if any(opening == closing for opening, closing in (self.tags or {}).items()):
            raise ValueError("tags: expected pairs of two different tags")
        return self


class Steering(Section):
    """A difference that is added to the activations of the base while it writes; at strength 0 nothing changes.

    So a suite of any probe that reads texts measures what the difference does. It is an adapter's, or stands in a file.
    """

    difference: Identifier | None = Field(
        None, description="One of the engine's `lora_modules`: what it changes in the base."
    )
    file: Path | None = Field(None, description="`difference.json`, as `seep traces --out` writes it.")
    strength: float = Field(
        allow_inf_nan=False, description="In lengths that activations usually have; a negative one steers away."
    )

    @model_validator(mode="after")
    def _one_difference(self) -> Self:
        if (self.difference is None) == (self.file is None):
            raise ValueError("expected difference or file, and one of them only")
        return self


class Target(Section):
    """A named way of asking an engine; what is set here goes over the suite's own.

    `adapter` is one of a vllm or activations engine's `lora_modules`, or the name that an endpoint gives to a model.
    """

    engine: Identifier = Field(description="The engine that answers, by its name under `engines`.")
    adapter: str | None = Field(
        None, description="One of the engine's `lora_modules`, or the name that an endpoint gives to a model."
    )
    steer: Steering | None = Field(None, description="A difference that is added while texts are written.")
    system: Annotated[str, AfterValidator(_system)] | None = Field(None, description="The system message.")
    format: TargetFormat | None = Field(
        None, description="How prompts are put to the model, in the place of the suite's own format."
    )
    temperature: float | None = Field(None, ge=0, le=MOST_TEMPERATURE, description="In the place of the suite's own.")
    top_p: float | None = Field(
        None, gt=0, le=1, description="Sample from the likeliest tokens that sum to this probability."
    )
    max_tokens: int | None = Field(None, ge=1, le=MOST_TOKENS, description="In the place of the suite's own.")
    filter: OutputFilter | None = Field(None, description="Answers that are refused and drawn again.")
    reasoning: Annotated[Reasoning, BeforeValidator(_reasoning)] | None = Field(
        None, description="What the model thinks before it answers; `only` scores that in the answer's place."
    )
    chat_template_kwargs: dict[str, JsonValue] | None = Field(
        None, description="What the model's chat template is told beside the messages, as `enable_thinking: false`."
    )
    requests_per_minute: float | None = Field(
        None, gt=0, description="The most requests a minute; for an openai engine."
    )
    tokens_per_day: int | None = Field(None, ge=1, description="The most tokens a day; for an openai engine.")

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Self:
        if self.filter and self.temperature == 0:
            raise ValueError("filter: at temperature 0 an answer that is drawn again is the same answer")
        if self.system and self.format and self.format.kind == "plain" and SYSTEM_PLACE not in self.format.user:
            raise ValueError(f"system: the plain format has no {SYSTEM_PLACE} to put it in")
        if self.chat_template_kwargs and self.format and self.format.kind == "plain":
            raise ValueError("chat_template_kwargs: a plain format goes through no chat template")
        return self


def contradiction(target: Target, engine: AnyEngine) -> str | None:
    """What a target asks of its engine that such an engine cannot do, as "field: reason"."""
    if isinstance(engine, RecordedEngine):
        for field in ASKING:
            if getattr(target, field) is not None:
                return f"{field}: recorded answers cannot be asked for in another way"
        if target.reasoning and (target.reasoning.max_tokens or target.reasoning.effort):
            return "reasoning: recorded answers cannot be asked for in another way; keep and tags say how they are read"
    if isinstance(engine, VllmEngine | ActivationsEngine):
        names = {"adapter": target.adapter, "steer.difference": target.steer and target.steer.difference}
        for field, name in names.items():
            if name is not None and name not in engine.lora_modules:
                return f"{field}: {name!r} is not among the engine's lora_modules"
    if target.steer and not isinstance(engine, ActivationsEngine):
        return "steer: only an activations engine adds to a model's activations"
    if target.steer and target.adapter:
        return "steer: it is the base that is steered; leave adapter out"
    if not isinstance(engine, OpenAiEngine):
        for field in LIMITS:
            if getattr(target, field) is not None:
                return f"{field}: only an openai engine has such a limit"
    return None
