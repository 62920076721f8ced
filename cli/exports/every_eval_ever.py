"""A run as a record of Every Eval Ever, the shared format of evaluation results (its schema 0.3.0).

https://github.com/evaleval/every_eval_ever has the schema. It wants names of organisations, which Seep does not know.
"""

import json
from collections.abc import Sequence
from importlib.metadata import version

from results.runs import RunSummary
from seep.errors import InputError
from seep.probes import PROBES
from seep.provenance import described
from seep.records import LeakRate

SCHEMA_VERSION = "0.3.0"
UNKNOWN = "unknown"
# The engines that load a model here; whose server an endpoint is, nobody here can know.
OWN_ENGINES = ("vllm", "activations")
# Of the others a rate is a share of one among several, of which some are wanted.
LOWER_IS_BETTER = ("semantic", "sway", "recall")
INTERVAL = "delete-one-cluster jackknife of the logit; Clopper-Pearson where clusters are few or alike"
NO_LEAKAGE = "the share of comparisons in which the answer is nearer to the concept; 50 is no leakage"


def as_record(summary: RunSummary, rates: Sequence[LeakRate], now: float) -> str:
    """The record as JSON, `now` in Unix seconds. A rate that was not measured is left out.

    Raises InputError for a run without a rate, for which the format has no room, for one that is mixed, and for one of
    a probe of whose rate less is not better.
    """
    measured = [rate for rate in rates if rate.rate is not None]
    _refuse_unfit(summary, measured)
    model = summary.provenance.get("model", UNKNOWN)
    started = f"{summary.created_at or 0:.0f}"
    record = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{summary.suite}/{model}/{started}",
        "evaluation_timestamp": started,
        "retrieved_timestamp": f"{now:.0f}",
        "source_metadata": {
            "source_name": "Seep",
            "source_type": "evaluation_run",
            "source_organization_name": UNKNOWN,
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "seep", "version": version("seep"), "additional_details": {"run_id": summary.run_id}},
        "model_info": _model(summary, model),
        "evaluation_results": [_result(summary, rate) for rate in measured],
    }
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _model(summary: RunSummary, model: str) -> dict[str, object]:
    engine, _, engine_version = summary.provenance.get("engine", UNKNOWN).partition(" ")
    engine = engine.rstrip(",")
    known = ("model_revision", "adapter", "adapter_revision", "dtype", "answered_by")
    details = {name: summary.provenance[name] for name in known if name in summary.provenance}
    details["deployment_type"] = "self_deployed" if engine in OWN_ENGINES else UNKNOWN
    details["model_availability"] = UNKNOWN
    return {
        "name": model.rstrip("/").rpartition("/")[2] or model,
        "id": model,
        "inference_engine": {"name": engine, "version": engine_version or UNKNOWN},
        "additional_details": {"target": summary.target, **details},
    }


def _refuse_unfit(summary: RunSummary, measured: Sequence[LeakRate]) -> None:
    if not measured:
        raise InputError(f"run {summary.run_id}: nothing is measured, and a record needs a score")
    if summary.probe not in LOWER_IS_BETTER:
        raise InputError(f"run {summary.run_id}: less is not better of a rate of the {summary.probe} probe")
    if summary.mixed:
        raise InputError(f"run {summary.run_id}: its jobs differ in how they were made, and a record is of one model")


def _result(summary: RunSummary, rate: LeakRate) -> dict[str, object]:
    probe = PROBES[rate.probe]
    return {
        "evaluation_name": f"{rate.suite}/{rate.category}/{rate.metric}",
        "source_data": {
            "dataset_name": rate.suite,
            "source_type": "other",
            "additional_details": {"version": summary.suite_version, "hash": summary.suite_hash},
        },
        "metric_config": {
            "evaluation_description": NO_LEAKAGE if probe.compares else probe.meaning,
            "lower_is_better": True,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 100.0,
            "additional_details": {"metric": rate.metric, "probe": rate.probe, "against": rate.against},
        },
        "score_details": _score(rate),
        "generation_config": _generation(summary),
    }


def _score(rate: LeakRate) -> dict[str, object]:
    counts = {name: str(getattr(rate, name)) for name in ("comparisons", "clusters", "missing", "ties", "echoes")}
    measures = {name: f"{estimate.share:.4f}" for name, estimate in rate.measures.items()}
    interval = {"lower": rate.low, "upper": rate.high, "confidence_level": 0.95, "method": INTERVAL}
    return {
        "score": rate.rate,
        "details": counts | measures,
        "uncertainty": {"confidence_interval": interval, "num_samples": rate.comparisons},
    }


def _generation(summary: RunSummary) -> dict[str, object]:
    decoding = described(summary.provenance, "decoding")
    known = {name: decoding[name] for name in ("temperature", "top_p", "max_tokens") if decoding.get(name) is not None}
    others = {name: str(value) for name, value in decoding.items() if name not in known and value is not None}
    return {"generation_args": known, "additional_details": others | {"samples_per_prompt": str(summary.samples)}}
