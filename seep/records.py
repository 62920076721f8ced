"""The records that travel between the stages: frozen, free of Kafka, SQL, HTTP and model handles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

FormatKind = Literal["chat", "plain"]
Cut = Literal["sentence", "none"]
Cluster = Literal["job", "sample"]
Ended = Literal["stop", "length", "refusal", "filtered", "tool_call", "no_content"]
AnswerPart = Literal["text", "token_scores", "reading"]
Arm = Literal["test", "control", "neutral"]
Against = Literal["control", "neutral"]
"""Whose answers a test's are compared with."""


@dataclass(frozen=True)
class PromptFormat:
    """How a prompt is put to a model: as chat messages, or as plain text to be continued.

    `user` is a template in which `{prompt}` alone is replaced; other braces are text.
    """

    kind: FormatKind
    system: str = ""
    user: str = "{prompt}"


@dataclass(frozen=True)
class Decoding:
    """How answers are sampled, and where they are cut."""

    temperature: float
    top_p: float
    max_tokens: int
    cut: Cut


@dataclass(frozen=True)
class PromptTest:
    """One test of a job: the control's sentence with a concept in it; `id` is unique within the job.

    Of some probes only: `options` are those between which an answer chooses, in the order of the prompt; `expected` is
    the text that it is compared with; `control` is the test's own control prompt.
    """

    id: str
    concept: str
    prompt: str
    category: str
    options: tuple[str, ...] = ()
    expected: str = ""
    control: str | None = None


@dataclass(frozen=True)
class PromptJob:
    """One control prompt with all the tests that share it: the unit of work, of retry, of idempotency.

    `control` is None where the probe compares an answer with no other. `rule` says how the probe reads the answers, by
    names that the probe knows. The semantic probe's headline is the test `against` the neutral arm, whose null is
    exactly 50 %, or against the control. `system` is the job's own system message, in the place of the format's.
    `documents` are what an engine that looks inside its model reads, of some probes only.
    """

    run_id: str
    job_id: str
    target: str
    suite: str
    suite_version: str
    suite_hash: str
    probe: str
    language: str
    cluster: Cluster
    prompt_format: PromptFormat
    decoding: Decoding
    samples: int
    control: str | None
    neutral: str | None
    tests: tuple[PromptTest, ...]
    rule: Mapping[str, str] = field(default_factory=dict)
    against: Against = "control"
    system: str | None = None
    documents: tuple[str, ...] = ()


@dataclass(frozen=True)
class TokenScores:
    """The tokens of an answer with the natural logarithm of each one's probability, by position."""

    tokens: tuple[str, ...]
    log_probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Reading:
    """What an engine that looks inside its model has found there: tokens, the likeliest first, with their probabilities
    by position, and what else it measured, by name.

    It is some kB at most: vectors stay where the weights are.
    """

    tokens: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)


class Answer(NamedTuple):
    """What a model answered: the text, cut as the decoding says, and how it ended before it was cut.

    `reasoning` was taken off the text; `model` is the one that the server says has answered, empty where unknown. Of
    these there are more than of any other record, and a tuple is made in a third of the time.
    """

    text: str
    ended: Ended = "stop"
    reasoning: str = ""
    model: str = ""
    inside: TokenScores | Reading | None = None


@dataclass(frozen=True)
class GeneratedJob:
    """A job with its answers: `samples` per prompt; `tests` by position of the job's tests.

    `control` and `neutral` are empty where the job has no such prompt. `test_controls` are by position of the job's
    tests; there are none where no test has a control of its own.
    """

    job: PromptJob
    control: tuple[Answer, ...]
    neutral: tuple[Answer, ...]
    tests: tuple[tuple[Answer, ...], ...]
    provenance: Mapping[str, str] = field(default_factory=dict)
    test_controls: tuple[tuple[Answer, ...], ...] = ()


@dataclass(frozen=True)
class OutcomeSeries:
    """What the scorer says of a job's comparisons by one metric, measure and category; rates are means of `values`.

    Each value lies in [0, 1]. `places` are the comparisons', in the same order: a test's position in its job, times the
    job's samples, plus the sample's number. They ascend. A job has one series of a metric, measure and category.
    """

    metric: str
    measure: str
    category: str
    places: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class SimilaritySeries:
    """The similarities behind a job's leak scores by one metric: of each test's concept to one arm's answers.

    `places` are as those of outcomes. An arm that the job does not have has no series, a lost answer no place in it.
    """

    metric: str
    arm: Arm
    places: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class ScoredJob:
    """A generated job with the outcomes of its comparisons; `provenance` is the scorer's own."""

    generated: GeneratedJob
    outcomes: tuple[OutcomeSeries, ...]
    similarities: tuple[SimilaritySeries, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunManifest:
    """What a run will bring: jobs, and comparisons per category; `created_at` is Unix time in seconds.

    A manifest that is `sending` comes before the run's jobs and takes the id; the same without it comes after them, and
    says that all were sent. One of the same run with `cancelled` set ends it. `reason` says why, in one line without a
    prompt's text; it is empty where a person cancelled the run. `job_checksums` lists the jobs by their ids' checksums,
    and is empty where they are not listed. `labels` are what whoever sent the run finds it again by.
    """

    run_id: str
    target: str
    suite: str
    suite_version: str
    suite_hash: str
    probe: str
    cluster: Cluster
    samples: int
    job_count: int
    expected_comparisons: Mapping[str, int]
    created_at: float
    monitor: str = ""
    cancelled: bool = False
    reason: str = ""
    sending: bool = False
    job_checksums: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunWait:
    """Why jobs of a run wait in a stage, in one line without a prompt's text or a secret; empty once they go on."""

    run_id: str
    stage: str
    reason: str


@dataclass(frozen=True)
class Estimate:
    """A share with its 95 % interval, all three in percent; `n` is what it is a share of."""

    share: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class LeakRate:
    """A rate of one run, category and metric with its 95 % interval, all three in percent.

    They are None where nothing was measured. `missing` counts expected comparisons that are not there. `measures` has
    all else that was measured there, by name (tie, echo, placebo, ...); what was not is absent. `kappa` is the
    agreement beyond chance with each other metric of the run, by its name, in [-1, 1]. The rate is `against` "neutral",
    whose null is exactly 50 %, or "control"; "both" in a mixed run, empty where the probe compares with no answer.
    `above_placebo`, in points, is test against control less neutral against control.
    """

    run_id: str
    suite: str
    target: str
    probe: str
    metric: str
    category: str
    rate: float | None
    low: float | None
    high: float | None
    comparisons: int
    clusters: int
    ties: int
    echoes: int
    missing: int
    provenance: Mapping[str, str] = field(default_factory=dict)
    mixed: bool = False
    measures: Mapping[str, Estimate] = field(default_factory=dict)
    kappa: Mapping[str, float] = field(default_factory=dict)
    against: str = ""
    above_placebo: Estimate | None = None


@dataclass(frozen=True)
class Failure:
    """Why one job cannot be handled, whatever is retried; `reason` never holds a prompt's text."""

    reason: str
