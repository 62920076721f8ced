"""What Grafana's two boards show: a panel for each question of whoever watches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAMESPACE = 'namespace=~"$namespace"'
MONITOR = f'{NAMESPACE}, monitor=~"$monitor"'
DEAD = f'{NAMESPACE}, result="dead-lettered"'
GENERATED, SCORED = f'{NAMESPACE}, topic="seep.generations"', f'{NAMESPACE}, stage="scorer"'
WHOLE = f'{MONITOR}, category="all"'


def over(how: str, labels: str, metric: str, filters: str = NAMESPACE) -> str:
    """A gauge, of whichever processes show it."""
    return f"{how} by ({labels}) ({metric}{{{filters}}})"


def speed(labels: str, metric: str, filters: str = NAMESPACE) -> str:
    """A counter, per second."""
    return f"sum by ({labels}) (rate({metric}{{{filters}}}[$__rate_interval]))"


def of_own_processes(expression: str) -> str:
    """What processes of Seep show; every client of Prometheus has these metrics."""
    return f"{expression} and on (instance) seep_build_info{{{NAMESPACE}}}"


@dataclass(frozen=True)
class Panel:
    """A panel: its queries by legend, its unit as Grafana names it, and at which value a line is drawn.

    `link` leads from a series to a page of Seep's.
    """

    title: str
    description: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    threshold: float | None = None
    logarithmic: bool = False
    link: str = ""
    mappings: Sequence[Mapping[str, Any]] = field(default=())


ON_OFF = ({"type": "value", "options": {"0": {"text": "no"}, "1": {"text": "yes", "color": "red"}}},)
TO_MONITOR = "${seep_url}/monitors/${__field.labels.monitor}"

MONITORS = (
    Panel(
        "Alarms",
        "Monitors whose leakage has changed since the baseline was set. Runbook: SeepMonitorAlarm.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_alarm", MONITOR)},
        kind="stat",
        mappings=ON_OFF,
        link=TO_MONITOR,
    ),
    Panel(
        "Overdue",
        "Monitors of which a scheduled run is not complete in time. Runbook: SeepMonitorOverdue.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_overdue", MONITOR)},
        kind="stat",
        mappings=ON_OFF,
        link=TO_MONITOR,
    ),
    Panel(
        "Leak rate",
        "Of each monitor's latest finished run, over all categories; 50 % is no leakage where answers are compared.",
        {"{{monitor}} {{metric}}": over("max", "monitor, metric", "seep_leak_rate_ratio", WHOLE)},
        unit="percentunit",
        threshold=0.5,
        link=TO_MONITOR,
    ),
    Panel(
        "Its 95 % interval",
        "Lower and upper ends: the true rate lies between them in 95 of 100 such runs.",
        {
            "{{monitor}} {{metric}} low": over("max", "monitor, metric", "seep_leak_rate_ci_lower_ratio", WHOLE),
            "{{monitor}} {{metric}} high": over("max", "monitor, metric", "seep_leak_rate_ci_upper_ratio", WHOLE),
        },
        unit="percentunit",
        threshold=0.5,
        link=TO_MONITOR,
    ),
    Panel(
        "E-value",
        "Evidence that a monitor's runs changed. If nothing changes it ever reaches 20 with a chance of at most 5 %.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_e_value", MONITOR)},
        threshold=20,
        logarithmic=True,
        link=TO_MONITOR,
    ),
    Panel(
        "Autocorrelation",
        "How like the run before each quiet run is. From 0.4 on an alarm may be a slow wave, and no change.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_autocorrelation", MONITOR)},
        threshold=0.4,
        link=TO_MONITOR,
    ),
    Panel(
        "Evaluated",
        "1 where the latest finished run could be evaluated; 0 has no verdict. Runbook: SeepNotMeasured.",
        {"{{monitor}}": over("min", "monitor", "seep_monitor_evaluated", MONITOR)},
        kind="table",
        link=TO_MONITOR,
    ),
    Panel(
        "Lost answers",
        "Share of comparisons without an answer, by reason: refused, filtered, unfinished. They count in no rate.",
        {"{{monitor}} {{reason}}": over("max", "monitor, reason", "seep_lost_comparisons_ratio", WHOLE)},
        unit="percentunit",
        link=TO_MONITOR,
    ),
    Panel(
        "Duration of a run",
        "From the sending of each monitor's latest finished run to its last progress.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_run_duration_seconds", MONITOR)},
        unit="s",
        link=TO_MONITOR,
    ),
    Panel(
        "Age of the latest finished run",
        "Since its last progress. It grows while runs are missing or unfinished.",
        {"{{monitor}}": "time() - " + over("max", "monitor", "seep_monitor_last_completed_timestamp_seconds", MONITOR)},
        unit="s",
        link=TO_MONITOR,
    ),
)
PIPELINE = (
    Panel(
        "Messages",
        "Messages finished per second by stage: done, dead-lettered, cancelled.",
        {"{{stage}} {{result}}": speed("stage, result", "seep_messages_total")},
        unit="cps",
    ),
    Panel(
        "Share dead-lettered",
        "Of a stage's messages, those that became dead letters. Runbook: SeepDeadLettersGrowing.",
        {"{{stage}}": f"{speed('stage', 'seep_messages_total', DEAD)} / {speed('stage', 'seep_messages_total')}"},
        unit="percentunit",
    ),
    Panel(
        "Time of a batch",
        "The 95th percentile from a polled batch to its results being acknowledged.",
        {"{{stage}}": f"histogram_quantile(0.95, {speed('stage, le', 'seep_batch_seconds_bucket')})"},
        unit="s",
    ),
    Panel(
        "Lag",
        "Messages that wait, by topic. Runbook: SeepLagGrowing.",
        {"{{topic}}": over("sum", "topic", "seep_lag_messages")},
    ),
    Panel(
        "Time to drain",
        "The lag over what all of the stage's messages took of late; empty while nothing moves.",
        {
            "{{topic}}": over("sum", "topic", "seep_lag_messages", GENERATED)
            + " / scalar(sum(rate(seep_messages_total{"
            + SCORED
            + "}[15m])))"
        },
        unit="s",
    ),
    Panel(
        "Dead jobs",
        "Dead-lettered jobs that were not scored since, by target and stage.",
        {"{{target}} {{stage}}": over("max", "target, stage", "seep_dead_jobs")},
    ),
    Panel(
        "Retries",
        "Batches per second that were tried again after something that a stage depends on failed.",
        {"{{stage}}": speed("stage", "seep_batch_retries_total")},
        unit="cps",
    ),
    Panel(
        "Requests to endpoints",
        "Requests per second by what became of them.",
        {"{{target}} {{result}}": speed("target, result", "seep_endpoint_requests_total")},
        unit="reqps",
    ),
    Panel(
        "Scorer's canary",
        "Largest error of similarities that are known. Runbook: SeepScorerDrifted.",
        {"{{metric}}": over("max", "metric", "seep_scorer_canary_max_error")},
        unit="sci",
    ),
    Panel(
        "Stalled runs",
        "Unfinished runs without progress, by target. Runbook: SeepRunStalled.",
        {"{{target}}": over("max", "target", "seep_stalled_runs")},
    ),
    Panel(
        "Processes of a stage",
        "Processes that read each topic. More than the topic has partitions share no more work.",
        {"{{topic}}": f"count by (topic) (seep_lag_messages{{{NAMESPACE}}})"},
    ),
    Panel(
        "Requests to the API and its pages",
        "Requests per second by status. 503 says that the database does not answer, or that too many wait for it.",
        {"{{status}}": speed("status", "seep_api_request_seconds_count")},
        unit="reqps",
    ),
    Panel(
        "Time of the API's slow answers",
        "The 95th percentile by route, until the whole answer is sent.",
        {"{{route}}": f"histogram_quantile(0.95, {speed('route, le', 'seep_api_request_seconds_bucket')})"},
        unit="s",
    ),
    Panel(
        "CPU",
        "Cores that each process uses. GPUs are on the board of NVIDIA's exporter.",
        {"{{pod}} {{instance}}": of_own_processes(speed("pod, instance", "process_cpu_seconds_total"))},
    ),
    Panel(
        "Memory",
        "What each process holds. A scorer or generator that nears its limit is killed: lower worker.batch_size.",
        {"{{pod}} {{instance}}": of_own_processes(over("max", "pod, instance", "process_resident_memory_bytes"))},
        unit="bytes",
    ),
    Panel(
        "Versions",
        "How many processes run each version; two of them for long are an upgrade that hangs.",
        {"{{version}}": f"count by (version) (seep_build_info{{{NAMESPACE}}})"},
    ),
)
