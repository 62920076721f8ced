"""The sections of seep.yaml that need no file of their own."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, FilePath, ValidationInfo, field_validator, model_validator

from seep.job_limits import MOST_SAMPLES
from seep.schedule import validate_schedule
from seep.settings.secrets import TOKEN, read_secret, read_word
from seep.settings.section import Identifier, Section

# What stands before each of an application's paths; in links and in a cookie, so nothing else may hide in it.
ROOT_PATH = r"^(/[A-Za-z0-9._~-]+)*$"
HEADER_NAME = r"^[A-Za-z0-9-]+$"
# A host with a user and password before it would stand in logs.
BROKERS = r"^[^\s,@/]+:\d+(,[^\s,@/]+:\d+)*$"


class Topics(Section):
    """How `seep topics apply` creates the topics."""

    partitions: int = Field(
        6, ge=1, description="Partitions of each topic, and so the most processes that share its work."
    )
    replication_factor: int = Field(1, ge=1, description="Copies of each partition.")
    retention_hours: int = Field(7 * 24, ge=1, description="Hours for which jobs, answers and scores are kept.")


class Kafka(Section):
    """The broker, and how it is spoken to; names and values are those of kafka-python."""

    bootstrap_servers: str = Field(
        "localhost:9092", pattern=BROKERS, description="The brokers, as host:port,host:port."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How connections are encrypted and who logs in."
    )
    ssl_cafile: FilePath | None = Field(
        None, description="The certificate of the brokers' authority; the system's if empty."
    )
    ssl_certfile: FilePath | None = Field(None, description="The client's certificate.")
    ssl_keyfile: FilePath | None = Field(None, description="The key of the client's certificate.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        None, description="How the client logs in."
    )
    sasl_plain_username: str | None = Field(None, description="The user.")
    sasl_plain_password: str | None = Field(None, repr=False, description="The password.")
    sasl_plain_password_file: Path | None = Field(
        None, description="A file with the password, in the place of `sasl_plain_password`."
    )
    sasl_oauth_token_file: Path | None = Field(
        None, description="A file with the token of OAUTHBEARER, which is read again at each login."
    )
    topics: Topics = Topics()

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        if (self.sasl_mechanism == "OAUTHBEARER") != (self.sasl_oauth_token_file is not None):
            raise ValueError("sasl_oauth_token_file and sasl_mechanism OAUTHBEARER: expected both or neither")
        return self

    def token(self) -> str:
        """The token of OAUTHBEARER as it is now. Raises InputError if there is none."""
        assert self.sasl_oauth_token_file is not None
        return read_word(self.sasl_oauth_token_file, "kafka.sasl_oauth_token_file")

    def resolved_password(self) -> str | None:
        """The password wherever it is configured; None where it is not. Raises InputError for an unreadable file."""
        if self.sasl_plain_password or self.sasl_plain_password_file is None:
            return self.sasl_plain_password
        return read_secret(self.sasl_plain_password_file, "kafka.sasl_plain_password_file")


class Database(Section):
    """PostgreSQL: `dsn`, or `dsn_file` for a secret that is mounted as a file."""

    dsn: str | None = Field(None, repr=False, description="postgresql://user:password@host/name.")
    dsn_file: Path | None = Field(None, description="A file with the DSN, in the place of `dsn`.")

    def resolved_dsn(self) -> str | None:
        """The DSN wherever it is configured; None where it is not. Raises InputError for an unreadable file."""
        if self.dsn or self.dsn_file is None:
            return self.dsn
        return read_secret(self.dsn_file, "database.dsn_file")


class Scoring(Section):
    """How answers are scored.

    The mode `published` rounds similarities to 3 decimals and takes langdetect's first guess at a language, as the
    published tables do. The mode `exact` compares at full precision, and names a language only if two detectors agree.
    """

    mode: Literal["exact", "published"] = Field("exact", description="How similarities and languages are compared.")
    tie_tolerance: float = Field(
        1e-6, ge=0, lt=1, description="Similarities that differ by no more than this tie, in the mode `exact`."
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="The type of the models' weights. `auto` is bfloat16 if the hardware has it. Comparisons that its"
        " errors could change are computed again in float32.",
    )
    cache_bytes: int = Field(1 << 30, ge=0, description="Memory for what is remembered of texts between batches.")


class Predictor(Section):
    """The scorer as a KServe predictor: its ports, which ask for no token, and the pairs that a request may hold."""

    host: str = Field("127.0.0.1", description="The address to listen at; whoever reaches it may ask for scores.")
    http_port: int = Field(8080, ge=1, le=65535, description="The port of HTTP.")
    grpc_port: int = Field(8081, ge=1, le=65535, description="The port of gRPC.")
    max_pairs: int = Field(1024, ge=1, description="The most pairs in one request.")


class Monitor(Section):
    """A target and a suite that are watched together, against a baseline that `seep baseline set` names.

    `schedule` is a cron expression in UTC; `samples` goes over the suite's own.
    """

    target: Identifier = Field(description="The target that is watched.")
    suite: Path = Field(description="The suite's file.")
    baseline: Identifier | None = Field(
        None, description="The baseline to compare with, as `seep baseline set` names it."
    )
    schedule: str | None = Field(None, description="A cron expression, in UTC; runs without one are pushed by hand.")
    samples: int | None = Field(
        None, ge=1, le=MOST_SAMPLES, description="Generations per prompt, in the place of the suite's own."
    )
    alarm_points: float = Field(
        3.0, ge=0, le=100, description="Points that the last five runs must differ from the baseline for an alarm."
    )

    @field_validator("schedule")
    @classmethod
    def _is_a_schedule(cls, schedule: str | None) -> str | None:
        if schedule is not None:
            validate_schedule(schedule)
        return schedule


class Scheduling(Section):
    """How long after its time a missed run is still sent, and after which an incomplete one is overdue.

    `starting_deadline_seconds` is Kubernetes' startingDeadlineSeconds.
    """

    starting_deadline_seconds: float = Field(
        3600.0, ge=60, description="How long after its time a missed run is still sent."
    )
    overdue_after_seconds: float = Field(
        3600.0, ge=0, description="How long after its time a run that is not complete is overdue."
    )


class Retention(Section):
    """How long the texts of a run are kept after its last job was recorded; its sums are never deleted."""

    texts_days: int = Field(
        90, ge=1, description="Days for which prompts and answers of a run are kept after its last job."
    )


class Api(Section):
    """The HTTP API: where it listens, and the bearer token that it wants; `token_file` for one mounted as a file."""

    host: str = Field("127.0.0.1", description="The address to listen at.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen at; 0 takes a free one.")
    token: str | None = Field(
        None,
        repr=False,
        pattern=TOKEN,
        description="The bearer token that requests need; without one, whoever reaches the API may read everything.",
    )
    token_file: Path | None = Field(None, description="A file with the token, in the place of `token`.")
    root_path: str = Field(
        "",
        pattern=ROOT_PATH,
        description="The path under which a proxy serves the API and its pages, as /seep; empty for the root.",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        (),
        description="Networks of proxies whose X-Forwarded-Prefix, -Proto and -Host, and whose `user_header`, are"
        " believed.",
    )
    user_header: str | None = Field(
        None,
        pattern=HEADER_NAME,
        description="A header by which a trusted proxy names whom it has let in; the pages then ask for no token.",
    )
    runbook_url: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9._~:/?=&%-]+$",
        description="Where docs/operations/runbook.md is to be read; the pages then link to it.",
    )

    @field_validator("user_header")
    @classmethod
    def _needs_a_proxy(cls, user_header: str | None, info: ValidationInfo) -> str | None:
        if user_header is not None and not info.data.get("trusted_proxies"):
            raise ValueError("expected trusted_proxies beside it: anybody else could send the header")
        return user_header

    def resolved_token(self) -> str | None:
        """The token wherever it is configured; None where it is not. Raises InputError for an unusable file."""
        if self.token or self.token_file is None:
            return self.token
        return read_word(self.token_file, "api.token_file")


class Worker(Section):
    """The loop of a service: jobs taken at once, and seconds a stopping service may use to finish them."""

    batch_size: int = Field(64, ge=1, description="Jobs that a service takes at once.")
    grace_seconds: float = Field(20.0, ge=0, description="Seconds that a stopping service has to finish its batch.")
    metrics_port: int = Field(
        9100, ge=0, le=65535, description="The port of /metrics, /healthz and /readyz; 0 takes a free one."
    )
    metrics_host: str = Field("127.0.0.1", description="The address of that port.")


class Aggregation(Section):
    """When a run without progress counts as stalled."""

    stalled_after_seconds: float = Field(
        1800.0, gt=0, description="Seconds without progress after which an unfinished run is stalled."
    )
