"""On a model whose true leak rates are known, real vLLM, Kafka, embedder and PostgreSQL measure them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

from calibration.engine import FOLDER, exact_engine
from calibration.model import ensure_model
from calibration.truth import surprising, true_rates
from seep.settings import Metrics, Scoring, SentenceBert
from seep.suites.loading import load_suite
from seep.suites.schema import Suite
from services.generator.cutting import cut_answer
from services.scorer.loading import load_metrics
from tests.commands import Command
from tests.stack import Stack, port_of, scrape, stack_in

MINILM = SentenceBert(model="all-MiniLM-L6-v2")


@pytest.fixture(scope="module")
def trained() -> Path:
    return ensure_model(FOLDER).resolve()


@pytest.fixture(scope="module")
def stack(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    configuration = {
        "engines": {"tiny": exact_engine(trained / "model").model_dump(mode="json", exclude_unset=True)},
        "targets": {"tiny": {"engine": "tiny"}},
        "metrics": {"sentence_bert": MINILM.model_dump(), "bert_score": None},
        "monitors": {"known": {"target": "tiny", "suite": str(trained / "suite.yaml")}},
    }
    with stack_in(tmp_path_factory.mktemp("known-truth"), configuration) as stack:
        stack.start()
        yield stack


def test_through_kafka_the_true_rates_lie_inside_their_intervals(stack: Stack, trained: Path) -> None:
    run = stack.push(trained / "suite.yaml", "tiny")
    stack.wait_for_state(run, "complete")
    measured = stack.store().written_rates(run)
    metrics, _ = load_metrics(Metrics(sentence_bert=MINILM, bert_score=None), Scoring())
    suite = load_suite(trained / "suite.yaml")
    assert isinstance(suite, Suite)
    true = {
        rate.category: rate.rate
        for rate in true_rates(
            trained / "model", suite, metrics, lambda text: cut_answer(text, suite.cut, suite.language)
        )
    }
    assert len(measured) == 5
    outside = [rate for rate in measured if not (rate.low or 0) <= true[rate.category] <= (rate.high or 0)]
    assert not surprising(len(outside), len(measured)), (outside, true)
    rates = {rate.category: rate.rate or 0 for rate in measured}
    assert rates["planted-00"] < rates["planted-30"] < rates["planted-60"] < rates["planted-90"]


def test_the_gauges_show_the_monitors_latest_finished_run(stack: Stack, trained: Path) -> None:
    pushed = stack.seep("push", "--monitor", "known")
    assert pushed.returncode == 0, pushed.stderr
    run = pushed.stdout.strip()
    stack.wait_for_state(run, "complete")
    by_hand = stack.seep("push", str(trained / "suite.yaml"), "--target", "tiny", "--samples", "1").stdout.strip()
    stack.wait_for_state(by_hand, "complete")
    labels = 'category="planted-90",metric="sentence_bert",monitor="known",suite="calibration",target="tiny"'
    against = f'against="neutral",{labels}'
    metrics = scrape(stack.services["aggregator"])
    (rate,) = [rate for rate in stack.store().written_rates(run) if rate.category == "planted-90"]
    assert metrics[f"seep_leak_rate_ratio{{{against}}}"] == pytest.approx((rate.rate or 0) / 100)
    assert metrics[f"seep_leak_rate_ci_lower_ratio{{{against}}}"] == pytest.approx((rate.low or 0) / 100)
    assert metrics[f"seep_independent_clusters{{{labels}}}"] == rate.clusters
    assert metrics['seep_messages_total{result="done",stage="aggregator"}'] > 0


def test_services_are_ready_once_they_have_partitions(stack: Stack) -> None:
    for name, service in stack.services.items():
        stack.wait_until(partial(ready, port_of(service)), f"{name} to be ready")


def test_calibrate_shows_it_in_one_command(
    command: Command, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It says by the environment where vLLM's engine runs; a command's environment ends with it.
    import_module("services.generator.vllm_backend")
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    code, printed, complaint = command("calibrate", "--metrics", "sentence_bert")
    assert code == 0, complaint
    assert "of 5 true rates lie outside their 95 % intervals" in printed
    _, listed, _ = command("runs", "--json")
    (summary,) = json.loads(listed)
    assert (summary["state"], summary["job_count"], summary["missing"]) == ("complete", 40, 0)


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=300) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError:
        return False
