from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunManifest(_message.Message):
    __slots__ = ("run_id", "target", "suite", "suite_version", "suite_hash", "probe", "cluster", "samples", "job_count", "expected_comparisons", "created_at", "monitor", "cancelled", "reason", "sending", "job_checksums", "labels")
    class ExpectedComparisonsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SUITE_FIELD_NUMBER: _ClassVar[int]
    SUITE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SUITE_HASH_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    JOB_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    MONITOR_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SENDING_FIELD_NUMBER: _ClassVar[int]
    JOB_CHECKSUMS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    target: str
    suite: str
    suite_version: str
    suite_hash: str
    probe: str
    cluster: str
    samples: int
    job_count: int
    expected_comparisons: _containers.ScalarMap[str, int]
    created_at: float
    monitor: str
    cancelled: bool
    reason: str
    sending: bool
    job_checksums: _containers.RepeatedScalarFieldContainer[int]
    labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_id: _Optional[str] = ..., target: _Optional[str] = ..., suite: _Optional[str] = ..., suite_version: _Optional[str] = ..., suite_hash: _Optional[str] = ..., probe: _Optional[str] = ..., cluster: _Optional[str] = ..., samples: _Optional[int] = ..., job_count: _Optional[int] = ..., expected_comparisons: _Optional[_Mapping[str, int]] = ..., created_at: _Optional[float] = ..., monitor: _Optional[str] = ..., cancelled: _Optional[bool] = ..., reason: _Optional[str] = ..., sending: _Optional[bool] = ..., job_checksums: _Optional[_Iterable[int]] = ..., labels: _Optional[_Iterable[str]] = ...) -> None: ...

class RunWait(_message.Message):
    __slots__ = ("run_id", "stage", "reason")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    stage: str
    reason: str
    def __init__(self, run_id: _Optional[str] = ..., stage: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Estimate(_message.Message):
    __slots__ = ("share", "low", "high", "n")
    SHARE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    share: float
    low: float
    high: float
    n: int
    def __init__(self, share: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., n: _Optional[int] = ...) -> None: ...

class LeakRate(_message.Message):
    __slots__ = ("run_id", "suite", "target", "probe", "metric", "category", "rate", "low", "high", "comparisons", "clusters", "ties", "echoes", "missing", "provenance", "mixed", "measures", "kappa", "against", "above_placebo")
    class ProvenanceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class MeasuresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Estimate
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Estimate, _Mapping]] = ...) -> None: ...
    class KappaEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SUITE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    TIES_FIELD_NUMBER: _ClassVar[int]
    ECHOES_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    MIXED_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    KAPPA_FIELD_NUMBER: _ClassVar[int]
    AGAINST_FIELD_NUMBER: _ClassVar[int]
    ABOVE_PLACEBO_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    suite: str
    target: str
    probe: str
    metric: str
    category: str
    rate: float
    low: float
    high: float
    comparisons: int
    clusters: int
    ties: int
    echoes: int
    missing: int
    provenance: _containers.ScalarMap[str, str]
    mixed: bool
    measures: _containers.MessageMap[str, Estimate]
    kappa: _containers.ScalarMap[str, float]
    against: str
    above_placebo: Estimate
    def __init__(self, run_id: _Optional[str] = ..., suite: _Optional[str] = ..., target: _Optional[str] = ..., probe: _Optional[str] = ..., metric: _Optional[str] = ..., category: _Optional[str] = ..., rate: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., comparisons: _Optional[int] = ..., clusters: _Optional[int] = ..., ties: _Optional[int] = ..., echoes: _Optional[int] = ..., missing: _Optional[int] = ..., provenance: _Optional[_Mapping[str, str]] = ..., mixed: _Optional[bool] = ..., measures: _Optional[_Mapping[str, Estimate]] = ..., kappa: _Optional[_Mapping[str, float]] = ..., against: _Optional[str] = ..., above_placebo: _Optional[_Union[Estimate, _Mapping]] = ...) -> None: ...
