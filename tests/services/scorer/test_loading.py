"""Which metrics are loaded, what is said of them, and what is said where one cannot be."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seep.errors import InputError
from seep.settings import MINILM, BertScore, Metrics, Scoring, SentenceBert
from services.scorer.loading import load_metrics
from services.scorer.similarity import RULE

pytestmark = pytest.mark.slow

FLOAT32 = Scoring(dtype="float32")
AT_HAND = Metrics(bert_score=BertScore(model=MINILM))


def test_all_configured_metrics_are_loaded_with_their_provenance() -> None:
    metrics, provenance = load_metrics(AT_HAND, FLOAT32)
    assert list(metrics) == ["sentence_bert", "bert_score"]
    assert metrics["sentence_bert"].fast([("red", "red")]) == pytest.approx([1.0])
    assert metrics["bert_score"].fast([("red", "red")]) == pytest.approx([1.0])
    model, _, rule = provenance["metrics.sentence_bert"].partition(", ")
    assert model.startswith(f"{MINILM}@sha256-")
    assert provenance["metrics.bert_score"] == f"{model}/layer6, {rule}"
    assert rule == RULE
    assert provenance["scorer_dtype"] == "float32"
    assert "bert-score " in provenance["scorer_libraries"]


def test_only_wanted_metrics_are_loaded(bert_folder: Path) -> None:
    settings = Metrics(sentence_bert=SentenceBert(model=str(bert_folder)), bert_score=BertScore(model="not at hand"))
    metrics, provenance = load_metrics(settings, FLOAT32, ["sentence_bert"])
    assert list(metrics) == ["sentence_bert"]
    assert "metrics.bert_score" not in provenance


def test_a_metric_set_to_null_is_left_out(bert_folder: Path) -> None:
    settings = Metrics(sentence_bert=SentenceBert(model=str(bert_folder)), bert_score=None)
    metrics, _ = load_metrics(settings, FLOAT32)
    assert list(metrics) == ["sentence_bert"]


@pytest.mark.parametrize(
    ("metrics", "names", "message"),
    [
        (AT_HAND, ["bleu"], "--metrics: unknown metric 'bleu'; known are sentence_bert, bert_score"),
        (
            Metrics(bert_score=None),
            ["bert_score"],
            "--metrics: bert_score is set to null under metrics in the configuration",
        ),
        (AT_HAND, [], "metrics: none is chosen; give at least one of sentence_bert, bert_score"),
        (
            Metrics(sentence_bert=None, bert_score=None),
            None,
            "metrics: none is chosen; give at least one of sentence_bert, bert_score",
        ),
    ],
)
def test_a_choice_that_cannot_be_met_is_one_line(metrics: Metrics, names: list[str] | None, message: str) -> None:
    with pytest.raises(InputError) as error:
        load_metrics(metrics, FLOAT32, names)
    assert str(error.value) == message


@pytest.mark.parametrize("metric", ["sentence_bert", "bert_score"])
def test_a_corrupt_model_is_one_line_that_names_its_setting(metric: str, tmp_path: Path, bert_folder: Path) -> None:
    folder = shutil.copytree(bert_folder, tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"cut short")
    settings = Metrics(sentence_bert=SentenceBert(model=str(folder)), bert_score=BertScore(model=str(folder)))
    with pytest.raises(InputError) as error:
        load_metrics(settings, FLOAT32, [metric])
    assert str(error.value).startswith(f"metrics.{metric}.model: cannot load {str(folder)!r}: ")
    assert str(error.value).endswith("; name a model that is at hand, or choose others with --metrics")
    assert "\n" not in str(error.value)


def test_a_layer_beyond_the_model_is_its_own_line() -> None:
    with pytest.raises(InputError, match=r"^metrics\.bert_score\.layer: 7, but '.*' has 6 layers$"):
        load_metrics(Metrics(bert_score=BertScore(model=MINILM, layer=7)), FLOAT32, ["bert_score"])


def test_the_logic_imports_no_model_library_and_loading_says_nothing_on_stderr() -> None:
    program = """
import sys
from seep.settings import MINILM, BertScore, Metrics, Scoring
import services.scorer.scoring
from services.scorer.loading import load_metrics
assert not {"torch", "transformers", "sentence_transformers", "bert_score"} & sys.modules.keys()
load_metrics(Metrics(), Scoring(), ["sentence_bert"])
assert "bert_score" not in sys.modules
load_metrics(Metrics(bert_score=BertScore(model=MINILM)), Scoring(), ["bert_score"])
"""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
