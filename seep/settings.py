"""The one configuration: seep.yaml, with environment variables (SEEP_KAFKA__BOOTSTRAP_SERVERS, ...) over it."""

import os
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, FilePath, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

from seep.errors import InputError

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
MetricName = Literal["sentence_bert", "bert_score"]

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


class Section(BaseModel):
    """A part of seep.yaml: unknown keys are refused, so that a typing error is never a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Topics(Section):
    """How `seep topics apply` creates the topics."""

    partitions: int = Field(6, ge=1)
    replication_factor: int = Field(1, ge=1)
    retention_hours: int = Field(7 * 24, ge=1)


class Kafka(Section):
    """The broker, and how it is spoken to; names and values are those of kafka-python."""

    bootstrap_servers: str = Field("localhost:9092", pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ssl_cafile: FilePath | None = None
    ssl_certfile: FilePath | None = None
    ssl_keyfile: FilePath | None = None
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_plain_username: str | None = None
    sasl_plain_password: str | None = Field(None, repr=False)
    topics: Topics = Topics()


class Database(Section):
    """PostgreSQL: `dsn`, or `dsn_file` for a secret that is mounted as a file."""

    dsn: str | None = Field(None, repr=False)
    dsn_file: Path | None = None

    def resolved_dsn(self) -> str | None:
        """The DSN wherever it is configured; None where it is not. Raises InputError for an unreadable file."""
        if self.dsn or self.dsn_file is None:
            return self.dsn
        try:
            return self.dsn_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise InputError(f"database.dsn_file: {self.dsn_file} cannot be read: {error.strerror}") from error


class VllmEngine(Section):
    """A model that the generator loads itself, with vLLM; names and values are vLLM's own.

    Without `kv_cache_memory_bytes` vLLM takes nearly all memory of the device.
    """

    backend: Literal["vllm"]
    model: str
    dtype: str = "auto"
    max_model_len: int | None = Field(None, ge=1)
    enforce_eager: bool = False
    kv_cache_memory_bytes: int | None = Field(None, ge=1)
    seed: int | None = None


class RecordedEngine(Section):
    """Answers that were generated before: a recorded file, JSON lines of prompt and generations."""

    backend: Literal["recorded"]
    file: Path


Engine = Annotated[VllmEngine | RecordedEngine, Field(discriminator="backend")]


class Target(Section):
    """A named way of asking an engine; what is set here goes over the suite's own decoding."""

    engine: Identifier
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1)


class SentenceBert(Section):
    """Sentence-BERT: cosine of two sentence embeddings."""

    model: str = MINILM


class BertScore(Section):
    """BERTScore: F1 of greedy token matching; `layer` defaults to the library's choice, else the model's last."""

    model: str = "distilbert-base-uncased"
    layer: int | None = Field(None, ge=1)


class Metrics(Section):
    """The metrics a scorer computes; one that is set to null is left out."""

    sentence_bert: SentenceBert | None = SentenceBert()
    bert_score: BertScore | None = BertScore()

    def any(self) -> bool:
        """Whether any metric is configured."""
        return self.sentence_bert is not None or self.bert_score is not None


class Scoring(Section):
    """How answers are judged: `parity` does it as the published tables do, with similarities rounded to 3 decimals and
    langdetect's first guess at a language."""

    parity: bool = False
    tie_tolerance: float = Field(1e-6, ge=0)


class Monitor(Section):
    """A target and a suite that are watched together."""

    target: Identifier
    suite: Path


class Worker(Section):
    """The loop of a service: jobs taken at once, and seconds a stopping service may use to finish them."""

    batch: int = Field(64, ge=1)
    grace_seconds: float = Field(20.0, ge=0)
    metrics_port: int = Field(9100, ge=0, le=65535)
    metrics_host: str = "0.0.0.0"


class Aggregation(Section):
    """When a run without progress counts as stalled."""

    stalled_after_seconds: float = Field(1800.0, gt=0)


class Settings(BaseSettings):
    """seep.yaml as one value; raises pydantic's ValidationError, which `load_settings` turns into one line."""

    model_config = SettingsConfigDict(env_prefix="SEEP_", env_nested_delimiter="__", extra="forbid", frozen=True)

    kafka: Kafka = Kafka()
    database: Database = Database()
    engines: dict[Identifier, Engine] = {}
    targets: dict[Identifier, Target] = {}
    metrics: Metrics = Metrics()
    scoring: Scoring = Scoring()
    monitors: dict[Identifier, Monitor] = {}
    worker: Worker = Worker()
    aggregation: Aggregation = Aggregation()

    @model_validator(mode="after")
    def _references_exist(self) -> "Settings":
        for name, target in self.targets.items():
            if target.engine not in self.engines:
                raise ValueError(f"targets.{name}.engine: no engine named {target.engine!r} under engines")
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
        return (init_settings, env_settings, YamlConfigSettingsSource(settings_cls))


def load_settings(path: Path | None = None) -> Settings:
    """Reads the configuration file and the environment; the file is `path`, else SEEP_CONFIG, else ./seep.yaml.

    Where none is named and ./seep.yaml is not there, the defaults stand. Raises InputError with file and field.
    """
    named = path or (Path(os.environ["SEEP_CONFIG"]) if "SEEP_CONFIG" in os.environ else None)
    if named is not None and not named.is_file():
        raise InputError(f"{named}: no such configuration file")
    file = named or Path("seep.yaml")

    class FromFile(Settings):
        model_config = SettingsConfigDict(yaml_file=file)

    try:
        return FromFile()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{file}: {where + ': ' if where else ''}{reason}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: expected sections with their keys, in UTF-8: {error}") from error
