from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PromptFormat(_message.Message):
    __slots__ = ("kind", "system", "user")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    kind: str
    system: str
    user: str
    def __init__(self, kind: _Optional[str] = ..., system: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class Decoding(_message.Message):
    __slots__ = ("temperature", "top_p", "max_tokens", "cut")
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    top_p: float
    max_tokens: int
    cut: str
    def __init__(self, temperature: _Optional[float] = ..., top_p: _Optional[float] = ..., max_tokens: _Optional[int] = ..., cut: _Optional[str] = ...) -> None: ...

class PromptTest(_message.Message):
    __slots__ = ("id", "concept", "prompt", "category", "options", "expected", "control")
    ID_FIELD_NUMBER: _ClassVar[int]
    CONCEPT_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    id: str
    concept: str
    prompt: str
    category: str
    options: _containers.RepeatedScalarFieldContainer[str]
    expected: str
    control: str
    def __init__(self, id: _Optional[str] = ..., concept: _Optional[str] = ..., prompt: _Optional[str] = ..., category: _Optional[str] = ..., options: _Optional[_Iterable[str]] = ..., expected: _Optional[str] = ..., control: _Optional[str] = ...) -> None: ...

class PromptJob(_message.Message):
    __slots__ = ("run_id", "job_id", "target", "suite", "suite_version", "suite_hash", "probe", "language", "cluster", "prompt_format", "decoding", "samples", "control", "neutral", "tests", "rule", "against", "system", "documents")
    class RuleEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SUITE_FIELD_NUMBER: _ClassVar[int]
    SUITE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SUITE_HASH_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FORMAT_FIELD_NUMBER: _ClassVar[int]
    DECODING_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    AGAINST_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    job_id: str
    target: str
    suite: str
    suite_version: str
    suite_hash: str
    probe: str
    language: str
    cluster: str
    prompt_format: PromptFormat
    decoding: Decoding
    samples: int
    control: str
    neutral: str
    tests: _containers.RepeatedCompositeFieldContainer[PromptTest]
    rule: _containers.ScalarMap[str, str]
    against: str
    system: str
    documents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_id: _Optional[str] = ..., job_id: _Optional[str] = ..., target: _Optional[str] = ..., suite: _Optional[str] = ..., suite_version: _Optional[str] = ..., suite_hash: _Optional[str] = ..., probe: _Optional[str] = ..., language: _Optional[str] = ..., cluster: _Optional[str] = ..., prompt_format: _Optional[_Union[PromptFormat, _Mapping]] = ..., decoding: _Optional[_Union[Decoding, _Mapping]] = ..., samples: _Optional[int] = ..., control: _Optional[str] = ..., neutral: _Optional[str] = ..., tests: _Optional[_Iterable[_Union[PromptTest, _Mapping]]] = ..., rule: _Optional[_Mapping[str, str]] = ..., against: _Optional[str] = ..., system: _Optional[str] = ..., documents: _Optional[_Iterable[str]] = ...) -> None: ...

class TokenScores(_message.Message):
    __slots__ = ("tokens", "log_probabilities")
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    LOG_PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    tokens: _containers.RepeatedScalarFieldContainer[str]
    log_probabilities: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, tokens: _Optional[_Iterable[str]] = ..., log_probabilities: _Optional[_Iterable[float]] = ...) -> None: ...

class Reading(_message.Message):
    __slots__ = ("values", "tokens", "probabilities")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    VALUES_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.ScalarMap[str, float]
    tokens: _containers.RepeatedScalarFieldContainer[str]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Mapping[str, float]] = ..., tokens: _Optional[_Iterable[str]] = ..., probabilities: _Optional[_Iterable[float]] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("text", "ended", "reasoning", "model", "token_scores", "reading")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TOKEN_SCORES_FIELD_NUMBER: _ClassVar[int]
    READING_FIELD_NUMBER: _ClassVar[int]
    text: str
    ended: str
    reasoning: str
    model: str
    token_scores: TokenScores
    reading: Reading
    def __init__(self, text: _Optional[str] = ..., ended: _Optional[str] = ..., reasoning: _Optional[str] = ..., model: _Optional[str] = ..., token_scores: _Optional[_Union[TokenScores, _Mapping]] = ..., reading: _Optional[_Union[Reading, _Mapping]] = ...) -> None: ...

class Generations(_message.Message):
    __slots__ = ("answers",)
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[Answer]
    def __init__(self, answers: _Optional[_Iterable[_Union[Answer, _Mapping]]] = ...) -> None: ...

class GeneratedJob(_message.Message):
    __slots__ = ("job", "control", "neutral", "tests", "provenance", "test_controls")
    class ProvenanceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    JOB_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    NEUTRAL_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    TEST_CONTROLS_FIELD_NUMBER: _ClassVar[int]
    job: PromptJob
    control: Generations
    neutral: Generations
    tests: _containers.RepeatedCompositeFieldContainer[Generations]
    provenance: _containers.ScalarMap[str, str]
    test_controls: _containers.RepeatedCompositeFieldContainer[Generations]
    def __init__(self, job: _Optional[_Union[PromptJob, _Mapping]] = ..., control: _Optional[_Union[Generations, _Mapping]] = ..., neutral: _Optional[_Union[Generations, _Mapping]] = ..., tests: _Optional[_Iterable[_Union[Generations, _Mapping]]] = ..., provenance: _Optional[_Mapping[str, str]] = ..., test_controls: _Optional[_Iterable[_Union[Generations, _Mapping]]] = ...) -> None: ...

class OutcomeSeries(_message.Message):
    __slots__ = ("metric", "measure", "category", "places", "values")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    metric: str
    measure: str
    category: str
    places: _containers.RepeatedScalarFieldContainer[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, metric: _Optional[str] = ..., measure: _Optional[str] = ..., category: _Optional[str] = ..., places: _Optional[_Iterable[int]] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class SimilaritySeries(_message.Message):
    __slots__ = ("metric", "arm", "places", "values")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    ARM_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    metric: str
    arm: str
    places: _containers.RepeatedScalarFieldContainer[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, metric: _Optional[str] = ..., arm: _Optional[str] = ..., places: _Optional[_Iterable[int]] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class ScoredJob(_message.Message):
    __slots__ = ("generated", "outcomes", "similarities", "provenance")
    class ProvenanceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    GENERATED_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    SIMILARITIES_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    generated: GeneratedJob
    outcomes: _containers.RepeatedCompositeFieldContainer[OutcomeSeries]
    similarities: _containers.RepeatedCompositeFieldContainer[SimilaritySeries]
    provenance: _containers.ScalarMap[str, str]
    def __init__(self, generated: _Optional[_Union[GeneratedJob, _Mapping]] = ..., outcomes: _Optional[_Iterable[_Union[OutcomeSeries, _Mapping]]] = ..., similarities: _Optional[_Iterable[_Union[SimilaritySeries, _Mapping]]] = ..., provenance: _Optional[_Mapping[str, str]] = ...) -> None: ...
