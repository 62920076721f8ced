"""Who answers a run: a target of the configuration, or what the command line names itself, as an engine of its own."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cli.lookups import check_target
from seep.errors import InputError, Unavailable
from seep.paths import expanded
from seep.settings import AnyEngine, OpenAiEngine, RecordedEngine, Settings, Target, VllmEngine

RECORDED = "recorded"
# As a target's name is in seep.yaml.
NAME_LENGTH = 40
LIST_SECONDS = 10.0
LISTED = 20
EXPECTED = "expected one of --model, --endpoint, --target and --recorded"


@dataclass(frozen=True)
class Choice:
    """What the command line says of who is to answer."""

    targets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    endpoint: str | None = None
    api_key_env: str | None = None
    recorded: Path | None = None


@dataclass(frozen=True)
class Answering:
    """Who answers one run: a target of the configuration, or else `engine`, which `option` has named.

    `label` is what a person called it.
    """

    target: str
    label: str
    engine: AnyEngine | None = None
    option: str = "--target"

    def configured(self, settings: Settings) -> Settings:
        """The settings with the engine in them, and a target of it."""
        if self.engine is None:
            return settings
        engines = {**settings.engines, self.target: self.engine}
        targets = {**settings.targets, self.target: Target(engine=self.target)}
        return settings.model_copy(update={"engines": engines, "targets": targets})

    def named(self, message: str) -> str:
        """A message of the settings' own, by the option that a person has given instead."""
        if self.engine is None:
            return message
        place = f"engines.{self.target}"
        return message.replace(f"{place}.model: ", f"{self.option}: ").replace(place, self.option)


def who_answers(settings: Settings, choice: Choice) -> list[Answering]:
    """Everybody who is to answer, in the order that they were named; raises InputError and Unavailable."""
    _refuse_contradictions(choice)
    if choice.recorded is not None:
        engine = RecordedEngine(backend="recorded", file=choice.recorded)
        return [Answering(RECORDED, str(choice.recorded), engine, "--recorded")]
    if choice.endpoint is not None:
        return _named(settings, [(model, _openai(choice, model), "--endpoint") for model in _served(choice)])
    for target in choice.targets:
        check_target(settings, target)
    configured = [Answering(target, target) for target in choice.targets]
    return configured + _named(settings, [(model, _vllm(model), "--model") for model in choice.models])


def _refuse_contradictions(choice: Choice) -> None:
    kinds = [bool(choice.targets or choice.models), choice.endpoint is not None, choice.recorded is not None]
    if choice.endpoint is not None and not choice.targets:
        kinds[0] = False  # there `--model` is the name of the server's model
    if sum(kinds) != 1:
        raise InputError(EXPECTED)
    if choice.api_key_env is not None:
        if choice.endpoint is None:
            raise InputError("--api-key-env: it is the key for an --endpoint, which is missing")
        if choice.api_key_env not in os.environ:
            raise InputError(f"--api-key-env: there is no environment variable {choice.api_key_env!r}")
    for option, names in (("--target", choice.targets), ("--model", choice.models)):
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InputError(f"{option} {twice[0]}: it is there twice")


def _named(settings: Settings, engines: Iterable[tuple[str, AnyEngine, str]]) -> list[Answering]:
    """Targets of their own, whose names are nobody else's."""
    found: list[Answering] = []
    for model, engine, option in engines:
        taken = {*settings.targets, *settings.engines, *(each.target for each in found)}
        found.append(Answering(_target_name(model, taken), model, engine, option))
    return found


def _target_name(model: str, taken: set[str]) -> str:
    folder = expanded(model)
    # As a person calls the folder, also where that is a link.
    last = Path(os.path.abspath(folder)).name if folder.is_dir() else model.rpartition("/")[2]
    name = re.sub("[^a-z0-9]+", "-", last.lower())[:NAME_LENGTH].strip("-") or "model"
    candidates = (f"{name[: NAME_LENGTH - 3]}-{number}" for number in range(2, 100))
    return name if name not in taken else next(each for each in candidates if each not in taken)


def _vllm(model: str) -> VllmEngine:
    # Graphs take longer to make than the answers of one run.
    return VllmEngine(backend="vllm", model=model, max_model_len="auto", enforce_eager=True)


def _openai(choice: Choice, model: str) -> OpenAiEngine:
    given = {"base_url": choice.endpoint, "model": model, "api_key_env": choice.api_key_env}
    try:
        return OpenAiEngine.model_validate({"backend": "openai", **given})
    except ValidationError as error:
        # Without the URL, which may hold a password.
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"--endpoint: expected a URL as http://localhost:8000/v1: {reason}") from None


def _served(choice: Choice) -> Sequence[str]:
    """The models to ask at the endpoint: those that were named, else the only one it has."""
    from services.generator.model_list import list_models

    engine = _openai(choice, "").model_copy(update={"timeout_seconds": LIST_SECONDS})
    place = f"--endpoint {engine.base_url}"
    try:
        listed = list_models(engine, "--endpoint")
    except Unavailable as error:
        raise InputError(str(error)) from error
    if choice.models:
        return choice.models
    if not listed.names:
        raise InputError(
            f"{place}: it lists no models ({listed.said}); name one with --model. The URL is all that comes"
            " before /chat/completions, as http://localhost:8000/v1"
        )
    if len(listed.names) > 1:
        more = f" and {len(listed.names) - LISTED} more" if len(listed.names) > LISTED else ""
        raise InputError(f"{place}: say with --model which of its models: {', '.join(listed.names[:LISTED])}{more}")
    return listed.names
