"""The metrics of the configuration: which there are by default, and how two of one kind are told apart."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.settings import Metrics, SentenceBert, load_settings, metrics


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "seep.yaml"


def loaded(config: Path, metrics: str) -> Metrics:
    config.write_text(f"metrics: {metrics}\n", encoding="utf-8")
    return load_settings(config).metrics


def test_the_two_published_metrics_are_there_unless_set_to_null(config: Path) -> None:
    assert load_settings().metrics.names() == ["sentence_bert", "bert_score"]
    assert loaded(config, "{bert_score: null}").names() == ["sentence_bert"]
    assert loaded(config, "{bert_score: null, sentence_bert: null}").names() == []


def test_a_section_of_another_name_is_one_more_metric_of_its_kind(config: Path) -> None:
    metrics = loaded(config, "{second: {kind: sentence_bert, model: other}}")
    assert metrics.sections()["second"] == SentenceBert(model="other")
    assert metrics.names() == ["sentence_bert", "bert_score", "second"]


def test_each_score_is_named_after_its_section(config: Path) -> None:
    metrics = loaded(config, "{bert_score: null, large: {kind: bert_score, scores: [recall, f1]}}")
    assert metrics.names() == ["sentence_bert", "large_recall", "large"]


def test_a_metric_can_be_added_by_the_environment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEP_METRICS__SECOND__KIND", "sentence_bert")
    monkeypatch.setenv("SEEP_METRICS__SECOND__MODEL", "other")
    assert loaded(config, "{bert_score: null}").names() == ["sentence_bert", "second"]


KINDS = f"one of {', '.join(metrics.KINDS)}"


@pytest.mark.parametrize(
    ("metrics", "line"),
    [
        (
            "{sentence_brt: {model: m}}",
            f"metrics: sentence_brt: expected a kind, {KINDS}; only sections of these names",
        ),
        ("{second: {kind: bleu}}", "metrics.second: expected 'kind' to be one of "),
        ("{bert_score: {kind: sentence_bert}}", "metrics.bert_score.kind: expected 'bert_score'"),
        ("{A__B: {kind: sentence_bert}}", "metrics.A__B: expected a text that matches"),
        ("{second: {kind: sentence_bert, layer: 3}}", "metrics.second.sentence_bert.layer: not a field here"),
        ("{mean: {kind: sentence_bert}}", "metrics: two metrics would be called 'mean'"),
        ("{consensus: {kind: sentence_bert}}", "metrics: two metrics would be called 'consensus'"),
        (
            "{a: {kind: bert_score, scores: [recall]}, a_recall: {kind: sentence_bert}}",
            "metrics: two metrics would be called 'a_recall'",
        ),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_metric(config: Path, metrics: str, line: str) -> None:
    with pytest.raises(InputError) as error:
        loaded(config, metrics)
    assert str(error.value).startswith(f"{config}: {line}")
    assert "\n" not in str(error.value)
