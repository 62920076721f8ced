"""Rates as runs of an MLflow server, by its REST API 2.0; where it is, and the login, are MLflow's own variables."""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from results.runs import RunSummary
from seep.errors import InputError, Unavailable
from seep.records import LeakRate

ADDRESS, EXPERIMENT = "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"
TOKEN, USER, PASSWORD = "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
RUN_TAG = "seep.run_id"
# What one request of MLflow's may hold.
MOST_METRICS, LONGEST_VALUE = 1000, 500
NOT_IN_A_KEY = re.compile(r"[^\w\-. /]")
FINISHED = {"complete": "FINISHED", "partial": "FINISHED", "cancelled": "KILLED"}


def send(runs: Sequence[tuple[RunSummary, Sequence[LeakRate]]]) -> Iterator[str]:
    """Makes a run of each in MLflow, and yields a line for each.

    Raises InputError where no server is named, for a run that is unfinished or there already, and for what the server
    refuses; Unavailable where it does not answer.
    """
    address = os.environ.get(ADDRESS, "")
    if not address.startswith(("http://", "https://")):
        raise InputError(f"{ADDRESS}: expected the address of an MLflow server, as http://localhost:5000")
    for summary, _ in runs:
        if summary.state not in FINISHED:
            raise InputError(f"run {summary.run_id}: it is {summary.state}; expected one that is over")
    for name in (TOKEN, USER, PASSWORD):
        if not os.environ.get(name, "").isascii() or not os.environ.get(name, "").isprintable():
            raise InputError(f"{name}: expected printable ASCII characters")
    try:
        client = httpx.Client(base_url=f"{address.rstrip('/')}/api/2.0/mlflow", headers=_token(), auth=_login())
    except httpx.InvalidURL as error:
        raise InputError(f"{ADDRESS}: expected the address of an MLflow server, as http://localhost:5000") from error
    with client as server:
        for summary, rates in runs:
            yield _sent(server, summary, rates)


def _sent(server: httpx.Client, summary: RunSummary, rates: Sequence[LeakRate]) -> str:
    name = os.environ.get(EXPERIMENT) or f"seep {summary.suite}"
    experiment = _experiment(server, name)
    chosen = f"tags.`{RUN_TAG}` = {_in_quotes(summary.run_id)}"
    there = _post(server, "runs/search", {"experiment_ids": [experiment], "filter": chosen, "max_results": 1})
    if there.get("runs"):
        raise InputError(f"run {summary.run_id}: it is in the experiment {name} already")
    began = int(1000 * (summary.created_at or time.time()))
    tags = {RUN_TAG: summary.run_id, "seep.state": summary.state, "seep.target": summary.target}
    tags |= {f"seep.label.{number}": label for number, label in enumerate(summary.labels, 1)}
    new = {"experiment_id": experiment, "run_name": summary.run_id, "start_time": began, "tags": _pairs(tags)}
    made = _id(_post(server, "runs/create", new), "run", "info", "run_id")
    metrics = [{"key": key, "value": value, "timestamp": began, "step": 0} for key, value in metrics_of(rates).items()]
    _post(server, "runs/log-batch", {"run_id": made, "params": _pairs(_parameters(summary))})
    for first in range(0, len(metrics), MOST_METRICS):
        _post(server, "runs/log-batch", {"run_id": made, "metrics": metrics[first : first + MOST_METRICS]})
    ended = {"run_id": made, "status": FINISHED[summary.state], "end_time": int(1000 * summary.progress_at)}
    _post(server, "runs/update", ended)
    return f"{summary.run_id}: {len(metrics)} metrics in the experiment {name}, as run {made}"


def metrics_of(rates: Sequence[LeakRate]) -> dict[str, float]:
    """By MLflow's key the rate with its bounds, counts and measures, shares in percent; what was not measured is none.

    Raises InputError where two categories would have one key, since MLflow takes few signs in it.
    """
    found: dict[str, float] = {}
    for rate in rates:
        if rate.rate is None or rate.low is None or rate.high is None:
            continue
        values: dict[str, float] = {"rate": rate.rate, "low": rate.low, "high": rate.high, "missing": rate.missing}
        values |= {"comparisons": rate.comparisons, "clusters": rate.clusters}
        values |= {name: estimate.share for name, estimate in rate.measures.items() if estimate.share is not None}
        place = NOT_IN_A_KEY.sub("_", f"{rate.metric}/{rate.category}")
        if f"{place}/rate" in found:
            raise InputError(f"category {rate.category}: another one has the same key in MLflow, {place}")
        found |= {NOT_IN_A_KEY.sub("_", f"{place}/{name}"): float(value) for name, value in values.items()}
    return found


def _parameters(summary: RunSummary) -> dict[str, str]:
    named = {"suite": summary.suite, "suite_version": summary.suite_version, "suite_hash": summary.suite_hash}
    named |= {"target": summary.target, "probe": summary.probe, "samples": str(summary.samples or "")}
    return named | {f"provenance.{name}": value for name, value in list(summary.provenance.items())[:80]}


def _experiment(server: httpx.Client, name: str) -> str:
    found = _answer(server, "GET", "experiments/get-by-name", params={"experiment_name": name}, missing_ok=True)
    if found:
        return _id(found, "experiment", "experiment_id")
    return _id(_post(server, "experiments/create", {"name": name}), "experiment_id")


def _id(found: Any, *place: str) -> str:
    """The id at a place of an answer."""
    for name in place:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, str | int):
        raise InputError(f"{ADDRESS}: expected {'.'.join(place)} in its answer, found none")
    return str(found)


def _in_quotes(value: str) -> str:
    """A text in a filter, which knows two quotes and no way to write one inside of itself."""
    if "'" in value and '"' in value:
        raise InputError(f"run {value}: expected an id without one of the two quotes, for MLflow's filters")
    return f'"{value}"' if "'" in value else f"'{value}'"


def _pairs(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": NOT_IN_A_KEY.sub("_", name), "value": value[:LONGEST_VALUE]} for name, value in named.items()]


def _post(server: httpx.Client, path: str, body: Mapping[str, Any]) -> Any:
    return _answer(server, "POST", path, json=body)


def _answer(server: httpx.Client, method: str, path: str, missing_ok: bool = False, **request: Any) -> Any:
    try:
        response = server.request(method, path, **request)
        found = response.json() if response.content else {}
    except httpx.HTTPError as error:
        raise Unavailable(f"{ADDRESS}: no answer ({type(error).__name__})") from error
    except ValueError as error:
        raise InputError(f"{ADDRESS}: {path}: HTTP {response.status_code}, and no answer of MLflow's") from error
    if response.is_success and isinstance(found, dict):
        return found
    code = found.get("error_code", "") if isinstance(found, dict) else ""
    if missing_ok and code == "RESOURCE_DOES_NOT_EXIST":
        return None
    said = " ".join(str(found.get("message", "")).split()) if isinstance(found, dict) else ""
    for secret in filter(None, map(os.environ.get, (TOKEN, PASSWORD))):
        code, said = str(code).replace(secret, "***"), said.replace(secret, "***")
    raise InputError(f"{ADDRESS}: {path}: HTTP {response.status_code} {str(code)[:40]}: {said[:200]}")


def _token() -> dict[str, str]:
    token = os.environ.get(TOKEN)
    return {"Authorization": f"Bearer {token}"} if token else {}


def _login() -> tuple[str, str] | None:
    user = os.environ.get(USER)
    return (user, os.environ.get(PASSWORD, "")) if user else None
