"""The one configuration: seep.yaml, with environment variables (SEEP_KAFKA__BOOTSTRAP_SERVERS, ...) over it."""

import json
import os
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)

from seep.errors import InputError
from seep.explanations import explained
from seep.settings.engines import ActivationsEngine, AnyEngine, Engine, OpenAiEngine, RecordedEngine, VllmEngine
from seep.settings.environment import DELIMITER, PREFIX, variable_holding, variable_of
from seep.settings.events import Events, Webhook
from seep.settings.metrics import MINILM, BertScore, Metrics, SentenceBert
from seep.settings.section import Identifier, Section
from seep.settings.sections import (
    Aggregation,
    Api,
    Database,
    Kafka,
    Monitor,
    Predictor,
    Retention,
    Scheduling,
    Scoring,
    Topics,
    Worker,
)
from seep.settings.targets import OutputFilter, Reasoning, Steering, Target, TargetFormat, contradiction
from seep.text_files import decoded, line_of
from seep.yaml_files import NotYaml, parse_yaml

__all__ = [
    "MINILM",
    "ActivationsEngine",
    "Aggregation",
    "AnyEngine",
    "Api",
    "BertScore",
    "Database",
    "Events",
    "Kafka",
    "Metrics",
    "Monitor",
    "OpenAiEngine",
    "OutputFilter",
    "Predictor",
    "Reasoning",
    "RecordedEngine",
    "Retention",
    "Scheduling",
    "Scoring",
    "Section",
    "SentenceBert",
    "Settings",
    "Steering",
    "Target",
    "TargetFormat",
    "Topics",
    "VllmEngine",
    "Webhook",
    "Worker",
    "configuration_file",
    "load_settings",
]


class Settings(BaseSettings):
    """seep.yaml as one value; raises pydantic's ValidationError, which `load_settings` turns into one line."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=DELIMITER, extra="forbid", frozen=True, defer_build=True
    )

    kafka: Kafka = Kafka()
    database: Database = Database()
    engines: dict[Identifier, Engine] = {}
    targets: dict[Identifier, Target] = {}
    metrics: Metrics = Metrics()
    scoring: Scoring = Scoring()
    predictor: Predictor = Predictor()
    monitors: dict[Identifier, Monitor] = {}
    worker: Worker = Worker()
    aggregation: Aggregation = Aggregation()
    scheduling: Scheduling = Scheduling()
    retention: Retention = Retention()
    api: Api = Api()
    events: Events = Events()

    @model_validator(mode="after")
    def _references_exist(self) -> "Settings":
        for name, target in self.targets.items():
            if target.engine not in self.engines:
                raise ValueError(f"targets.{name}.engine: no engine named {target.engine!r} under engines")
            if reason := contradiction(target, self.engines[target.engine]):
                raise ValueError(f"targets.{name}.{reason}")
        for name, monitor in self.monitors.items():
            if monitor.target not in self.targets:
                raise ValueError(f"monitors.{name}.target: no target named {monitor.target!r} under targets")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file."""
        return (init_settings, env_settings, _File(settings_cls))


class _File(YamlConfigSettingsSource):
    """seep.yaml; raises NotYaml, and UnicodeDecodeError where it is not in UTF-8."""

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        _, content = parse_yaml(decoded(file_path.read_bytes()))
        if not isinstance(content or {}, dict):
            raise NotYaml(1, "expected sections with their keys")
        return content or {}


def _mistake(file: Path, error: ValidationError) -> InputError:
    """The first of what is wrong, with its field and the place where that is to be mended."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    reason = explained(first)
    # If sections contradict each other, the message itself says where.
    place = variable_of(first["loc"] or reason.partition(": ")[0].split("."))
    return InputError(f"{place or file}: {where + ': ' if where else ''}{reason}")


def configuration_file() -> Path:
    """The file that is read if no other is named: SEEP_CONFIG, else ./seep.yaml, whether or not it is there."""
    return Path(os.environ.get("SEEP_CONFIG", "seep.yaml"))


def load_settings(path: Path | None = None) -> Settings:
    """Reads the configuration file and the environment; the file is `path`, else `configuration_file`.

    If none is named and ./seep.yaml is not there, the defaults stand. Raises InputError with field and file, or with
    the environment variable that the value came from.
    """
    file = path or configuration_file()
    if not file.is_file() and (path or "SEEP_CONFIG" in os.environ):
        raise InputError(f"{file}: no such configuration file")

    class FromFile(Settings):
        model_config = SettingsConfigDict(yaml_file=file)

    try:
        return FromFile()
    except ValidationError as error:
        # Not from the error, whose traceback would show the values.
        raise _mistake(file, error) from None
    except SettingsError as error:
        given = error.__cause__.doc if isinstance(error.__cause__, json.JSONDecodeError) else ""
        raise InputError(f"{variable_holding(given) or error}: expected JSON, as of a section with its keys") from None
    except RecursionError:
        raise InputError(
            "an environment variable SEEP_...: expected a section with its keys, found lists in lists in lists"
        ) from None
    except NotYaml as error:
        raise InputError(f"{file}:{error.line}: {error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{file}:{line_of(error)}: expected text in UTF-8") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from None
