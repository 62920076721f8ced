"""Rates become runs of an MLflow server; a stand-in for it keeps what it is sent and answers as its REST API says."""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.exports.mlflow import _in_quotes, metrics_of
from seep.errors import InputError
from tests.builders import TOKEN, run_manifest, scored_job
from tests.commands import Command
from tests.side_by_side import record_two_models
from tests.stored import Stored

PREFIX = "/api/2.0/mlflow/"


class MlflowStandIn(ThreadingHTTPServer):
    """Knows experiments and runs by name, and nothing of MLflow's else; `refusal` is the answer to everything."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.experiments: dict[str, str] = {}
        self.runs: list[dict[str, Any]] = []
        self.logins: set[str] = set()
        self.refusal: tuple[int, bytes] | None = None

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "experiments/get-by-name":
            found = self.experiments.get(body["experiment_name"])
            missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no\nsuch"}
            return (200, {"experiment": {"experiment_id": found}}) if found else (404, missing)
        if path == "experiments/create":
            self.experiments[body["name"]] = str(len(self.experiments) + 1)
            return 200, {"experiment_id": self.experiments[body["name"]]}
        if path == "runs/search":
            named = [run for run in self.runs if f"'{run['run_name']}'" in body["filter"]]
            return 200, {"runs": named} if named else {}
        if path == "runs/create":
            self.runs.append({**body, "metrics": [], "params": []})
            return 200, {"run": {"info": {"run_id": str(len(self.runs) - 1)}}}
        run = self.runs[int(body["run_id"])]
        if path == "runs/log-batch":
            for name in ("metrics", "params"):
                run[name] += body.get(name, [])
        else:
            run |= body
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    server: MlflowStandIn

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        name, _, value = query.partition("=")
        self._answer(path, {name: value.replace("+", " ").replace("%20", " ")})

    def do_POST(self) -> None:
        self._answer(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, path: str, body: dict[str, Any]) -> None:
        self.server.logins.add(self.headers.get("Authorization", ""))
        status, answer = self.server.answer(path.removeprefix(PREFIX), body)
        content = json.dumps(answer).encode()
        if self.server.refusal:
            status, content = self.server.refusal
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Stored, dsn: str) -> Iterator[MlflowStandIn]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    record_two_models(store)
    with MlflowStandIn() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{running.server_port}/")
        yield running
        running.shutdown()


def test_rates_become_metrics_of_a_run_each(command: Command, server: MlflowStandIn, store: Stored) -> None:
    code, printed, complaint = command("export", "base", "tuned", "--to", "mlflow", "--pool", "1,2")
    assert (code, complaint, printed.count("\n")) == (0, "", 2)
    assert [run["run_name"] for run in server.runs] == ["base", "tuned"]
    base = server.runs[0]
    kept = {each.category: each for each in store.rates("base", [["1", "2"]]) if each.metric == "bert_score"}
    sent = {metric["key"]: metric["value"] for metric in base["metrics"]}
    for category, key in (("all", "all"), ("1", "1"), ("1+2", "1_2")):
        assert sent[f"bert_score/{key}/rate"] == kept[category].rate
        assert sent[f"bert_score/{key}/low"] == kept[category].low
    assert base["status"] == "FINISHED"
    assert {"key": "seep.run_id", "value": "base"} in base["tags"]
    assert {param["key"] for param in base["params"]} >= {"suite", "target", "provenance.model"}


def test_a_run_is_sent_once(command: Command, server: MlflowStandIn) -> None:
    assert command("export", "base", "--to", "mlflow")[0] == 0
    code, printed, complaint = command("export", "base", "--to", "mlflow")
    assert (code, printed) == (2, "")
    assert "run base: it is in the experiment seep " in complaint
    assert len(server.runs) == 1


def test_experiment_and_login_are_mlflows_own_variables(
    command: Command, server: MlflowStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "leaks")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t")
    assert command("export", "base", "--to", "mlflow")[0] == 0
    assert (list(server.experiments), server.logins) == (["leaks"], {"Bearer t"})


def test_a_server_that_quotes_the_login_is_not_repeated(
    command: Command, server: MlflowStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "reader")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", TOKEN)
    quoting = json.dumps({"error_code": TOKEN, "message": f"{'x' * 195} {TOKEN} is wrong"})
    server.refusal = (401, quoting.encode())
    code, _, complaint = command("export", "base", "--to", "mlflow")
    assert (code, TOKEN[:4] in complaint) == (2, False)


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"])
def test_a_login_that_no_header_can_hold_is_one_line(
    command: Command, server: MlflowStandIn, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, f"{TOKEN}\n")
    assert command("export", "base", "--to", "mlflow") == (
        2,
        "",
        f"seep: {variable}: expected printable ASCII characters\n",
    )


def test_a_quote_in_a_runs_id_ends_no_filter() -> None:
    assert (_in_quotes("a"), _in_quotes("it's")) == ("'a'", '"it\'s"')
    with pytest.raises(InputError, match="two quotes"):
        _in_quotes("'\"")


def test_what_is_not_measured_is_no_metric(store: Stored) -> None:
    record_two_models(store)
    rate = store.rates("base")[0]
    assert metrics_of([replace(rate, rate=None, low=None, high=None)]) == {}
    with pytest.raises(InputError, match="another one has the same key"):
        metrics_of([replace(rate, category="es>it"), replace(rate, category="es<it")])


def test_an_unfinished_run_is_refused(command: Command, server: MlflowStandIn, store: Stored) -> None:
    store.record([scored_job("a", {"1": [1.0]}, "open")], [], [run_manifest(2, {"1": 2}, "open")])
    code, _, complaint = command("export", "open", "--to", "mlflow")
    assert (code, complaint) == (2, "seep: run open: it is running; expected one that is over\n")
    assert server.runs == []


@pytest.mark.parametrize(
    ("refusal", "line"),
    [
        ((403, b'{"error_code": "PERMISSION_DENIED", "message": "not\\nyou"}'), "HTTP 403 PERMISSION_DENIED: not you"),
        ((200, b"<html>"), "HTTP 200, and no answer of MLflow's"),
        ((500, b"[]"), "HTTP 500"),
        ((200, b'{"experiment": 3}'), "expected experiment.experiment_id in its answer"),
        ((200, b'{"experiment": {"experiment_id": []}}'), "expected experiment.experiment_id in its answer"),
    ],
)
def test_what_the_server_refuses_is_one_line(
    command: Command, server: MlflowStandIn, refusal: tuple[int, bytes], line: str
) -> None:
    server.refusal = refusal
    code, printed, complaint = command("export", "base", "--to", "mlflow")
    assert (code, printed, complaint.count("\n")) == (2, "", 1)
    assert complaint.startswith("seep: MLFLOW_TRACKING_URI: ")
    assert line in complaint


@pytest.mark.parametrize(
    ("address", "options", "line"),
    [
        ("", [], "MLFLOW_TRACKING_URI: expected the address of an MLflow server"),
        ("./mlruns", [], "MLFLOW_TRACKING_URI: expected the address of an MLflow server"),
        ("http://127.0.0.1:9", [], "MLFLOW_TRACKING_URI: no answer (ConnectError)"),
        ("http://mlflow:port", [], "MLFLOW_TRACKING_URI: expected the address of an MLflow server"),
        ("http://127.0.0.1:9", ["--out", "x.csv"], "--to: expected without --out and --format"),
    ],
)
def test_a_server_that_is_not_there_is_one_line(
    command: Command,
    server: MlflowStandIn,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    options: list[str],
    line: str,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    code, printed, complaint = command("export", "base", "--to", "mlflow", *options)
    assert (code, printed, complaint.count("\n")) == (2, "", 1)
    assert complaint.startswith(f"seep: {line}")


def test_an_image_without_the_http_client_says_so(
    command: Command, server: MlflowStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cli.exports.mlflow", None)
    monkeypatch.delattr("cli.exports.mlflow", raising=False)
    assert command("export", "base", "--to", "mlflow")[2] == "seep: --to mlflow: needs httpx: pip install httpx\n"
