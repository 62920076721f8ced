"""A third metric, a second embedder's cosine, is one section of the configuration: what all the rest makes of it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from results.drift_test import differs_from_baseline
from results.job_sums import per_test_sums
from results.monitor_status import Watched, WatchedRate, metric_names, nameable
from results.rates import RunFacts, leak_rates
from seep.records import LeakRate, ScoredJob
from seep.settings import Metrics, Scoring
from services.aggregator.gauges import RateCollector
from services.scorer.loading import load_metrics
from services.scorer.mode import configured_mode
from services.scorer.scoring import score_jobs
from tests.services.scorer.fakes import MakeJob
from tests.summaries import SUMMARY, by_cell, sums_per_cluster

MINILM = {"model": "all-MiniLM-L6-v2"}
SCORING = Scoring(dtype="float32")
NAMES = {"sentence_bert", "bert_score", "second"}


def configured(second: str) -> Metrics:
    sections = {"sentence_bert": MINILM, "bert_score": MINILM, "second": {"kind": "sentence_bert", "model": second}}
    return Metrics.model_validate(sections)


@pytest.fixture(scope="module")
def other_embedder(minilm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An embedder with other similarities: MiniLM that takes the largest of its tokens' values, not their mean."""
    folder = shutil.copytree(minilm_folder, tmp_path_factory.mktemp("model") / "max-pooling")
    pooling = folder / "1_Pooling" / "config.json"
    maximum = {"pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True}
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | maximum), encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def scored(other_embedder: str, make_job: MakeJob) -> ScoredJob:
    """A job as a scorer of the three metrics gives it."""
    metrics, provenance = load_metrics(configured(other_embedder), SCORING)
    answers = [("yellow", ["bus driver", "doctor"]), ("red", ["fireman", "painter"])]
    [found] = score_jobs([make_job(answers, ["teacher", "nurse"])], metrics, configured_mode(SCORING), provenance)
    assert isinstance(found, ScoredJob)
    return found


@pytest.fixture(scope="module")
def rates(scored: ScoredJob) -> list[LeakRate]:
    """The rates of a run of that job."""
    return leak_rates(
        RunFacts("run-1", "suite", "target", "semantic"), by_cell(sums_per_cluster(per_test_sums(scored)))
    )


def test_it_has_similarities_of_its_own_under_its_own_name(scored: ScoredJob) -> None:
    by_metric = {each.metric: each.values[-1] for each in scored.similarities if each.arm == "test"}
    assert by_metric.keys() == NAMES
    assert by_metric["second"] != pytest.approx(by_metric["sentence_bert"], abs=1e-3)


def test_it_has_rates_and_a_kappa_with_each_other_metric(rates: list[LeakRate]) -> None:
    second = next(rate for rate in rates if (rate.metric, rate.category) == ("second", "all"))
    assert (second.comparisons, second.rate is None) == (4, False)
    assert {"agreement:sentence_bert", "agreement:bert_score"} <= second.measures.keys()
    assert {rate.metric: rate.kappa.keys() for rate in rates} == {name: NAMES - {name} for name in NAMES}


def test_a_run_of_another_model_of_it_is_not_like_the_baseline(scored: ScoredJob, minilm_folder: Path) -> None:
    _, with_another = load_metrics(configured(str(minilm_folder)), SCORING)
    baseline = replace(SUMMARY, provenance={**SUMMARY.provenance, **scored.provenance})
    run = replace(baseline, provenance={**baseline.provenance, **with_another})
    assert differs_from_baseline(baseline, baseline) is None
    assert differs_from_baseline(run, baseline) == "it differs from the baseline in metrics.second"
    without = {name: value for name, value in baseline.provenance.items() if name != "metrics.second"}
    assert differs_from_baseline(replace(run, provenance=without), baseline) is not None


def test_its_gauges_have_its_label(rates: list[LeakRate], other_embedder: str) -> None:
    watched = Watched("target", "suite", frozenset({"1", "all"}))
    shown = list(nameable(rates, watched, metric_names(configured(other_embedder))))
    registry = CollectorRegistry()
    registry.register(RateCollector(lambda: [WatchedRate("daily", rate, None) for rate in shown]))
    exposed = generate_latest(registry).decode()
    labels = 'against="",category="all",metric="second",monitor="daily",suite="suite",target="target"'
    assert f"seep_leak_rate_ratio{{{labels}}}" in exposed
    of_two = metric_names(Metrics())
    assert "second" not in {rate.metric for rate in nameable(rates, watched, of_two)}
