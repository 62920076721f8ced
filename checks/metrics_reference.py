"""The reference of the metrics that Prometheus scrapes, made from the registries and collectors of the services."""

import importlib
from collections.abc import Iterable, Iterator

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

HEAD = """# Metrics

Made from the services by `python -m checks.references`; edits here are lost.

Each service serves its metrics for Prometheus at `/metrics`, at port 9100 in the chart. Rates are ratios from 0 to 1.
A label's value comes from the configuration or a suite, never from a message.
"""
TABLE = "| metric | type | labels | meaning |\n|---|---|---|---|"
# The modules that declare metrics; none of them imports a model library.
MODULES = {
    "Every service": ("seep.runtime.metrics", "seep.kafka.reading"),
    "Generator": ("services.generator.filtering", "services.generator.openai_backend"),
    "Scorer": ("services.scorer.canary",),
    "API": ("services.api.request_metrics",),
}
AGGREGATOR = (
    "services.aggregator.publishing",
    "services.aggregator.dead_letters",
    "services.aggregator.delivering",
    "services.aggregator.gauges",
)


def page() -> str:
    """The page in Markdown: a table of each service's metrics."""
    parts = [HEAD]
    for service, modules in MODULES.items():
        parts += [f"## {service}\n", _table(_declared(modules))]
    return "\n".join([*parts, "## Aggregator\n", _table([*_declared(AGGREGATOR), *_collected()])])


def _declared(modules: Iterable[str]) -> Iterator[tuple[Metric, Iterable[str]]]:
    """The metrics that modules declare, with their labels."""
    for module in modules:
        for value in vars(importlib.import_module(module)).values():
            if isinstance(value, MetricWrapperBase):
                (family,) = value.describe()
                yield family, value._labelnames


def _collected() -> Iterator[tuple[Metric, Iterable[str]]]:
    """The aggregator's gauges, which are read from the database at each scrape."""
    from services.aggregator.gauges import MonitorCollector, Operation, OperationCollector, RateCollector

    collectors: list[RateCollector | OperationCollector | MonitorCollector] = [
        RateCollector(list),
        OperationCollector(lambda: Operation([], [], []), (), ()),
        MonitorCollector(list),
    ]
    for collector in collectors:
        for family in collector.describe():
            yield family, family._labelnames


def _table(metrics: Iterable[tuple[Metric, Iterable[str]]]) -> str:
    return "\n".join([TABLE, *(_row(family, labels) for family, labels in metrics), ""])


def _row(family: Metric, labels: Iterable[str]) -> str:
    named = ", ".join(f"`{name}`" for name in labels)
    return f"| `{_exposed(family)}` | {family.type} | {named} | {family.documentation} |"


def _exposed(family: Metric) -> str:
    """The name that a query uses."""
    return f"{family.name}_total" if family.type == "counter" else family.name
