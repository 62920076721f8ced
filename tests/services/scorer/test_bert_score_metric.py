"""The BERTScore metric beside its library, on MiniLM's own encoder and on small untrained backbones."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from bert_score import BERTScorer
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer
from transformers import DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from seep.errors import InputError
from seep.settings import BertScore, Scoring
from services.scorer.bert_score_metric import open_metrics
from services.scorer.models import Model
from services.scorer.precision import open_computing
from services.scorer.similarity import Metric, Pair

pytestmark = pytest.mark.slow

PAIRS = [
    ("yellow", "a school bus driver"),
    ("yellow", "doctor"),
    ("golden yellow", "yellow."),
    ("golden yellow", "doctor"),
    ("red", "🔴 red"),
    ("red", "\x00\x07"),
    ("red", "[SEP]"),
    ("red", "word " * 600),
]
WORDED = [pair for pair in PAIRS if pair[1] not in ("\x00\x07", "[SEP]")]
BLANK = [("red", ""), ("red", "   \t\n"), ("", "red"), (" ", "")]


Library = Callable[[Sequence[Pair]], Any]


@pytest.fixture
def distilbert_folder(tmp_path: Path, minilm_folder: Path) -> Path:
    """A DistilBERT with untrained weights, whose tokenizer declares no limit."""
    torch.manual_seed(0)
    config = DistilBertConfig(dim=32, n_layers=3, n_heads=2, hidden_dim=64)
    DistilBertModel(config).half().save_pretrained(tmp_path)  # type: ignore[no-untyped-call]  # transformers
    shutil.copy(minilm_folder / "vocab.txt", tmp_path)
    return tmp_path


@pytest.fixture
def roberta_folder(tmp_path: Path) -> Path:
    """A RoBERTa with untrained weights, whose tokenizer declares no limit and whose positions start at 2."""
    torch.manual_seed(0)
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(["a red bus"], 300, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.save_model(str(tmp_path))
    config = RobertaConfig(
        vocab_size=300,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=514,
    )
    RobertaModel(config).save_pretrained(tmp_path)  # type: ignore[no-untyped-call]  # transformers
    return tmp_path


@pytest.fixture(scope="session")
def library(minilm_folder: Path) -> Library:
    """The library's own scorer: precision, recall and F1 of a list of pairs."""
    scorer = BERTScorer(model_type=str(minilm_folder), num_layers=6)

    def score(pairs: Sequence[Pair]) -> Any:
        concepts, texts = zip(*pairs, strict=True)
        return scorer.score(list(texts), list(concepts))

    return score


def opened(
    location: Path | str, settings: BertScore, *, name: str = "mine", dtype: str = "float32"
) -> Mapping[str, Metric]:
    """The metrics over a folder."""
    model = Model(name, str(location), "revision")
    return open_metrics("bert_score", settings, model, open_computing(Scoring(dtype=dtype))).metrics


def f1(location: Path | str, pairs: Sequence[Pair]) -> Sequence[float]:
    return opened(location, BertScore())["bert_score"].fast(pairs)


def test_similarities_are_the_librarys_f1(bert_score: Metric, library: Library) -> None:
    assert bert_score.fast(PAIRS) == pytest.approx([float(library([pair])[2]) for pair in PAIRS], abs=1e-5)


def test_precision_and_recall_are_the_librarys(loaded_metrics: dict[str, Metric], library: Library) -> None:
    # Of a text without a token of its own, the library's are not numbers.
    precision, recall = zip(*(map(float, library([pair])[:2]) for pair in WORDED), strict=True)
    assert loaded_metrics["bert_score_precision"].fast(WORDED) == pytest.approx(precision, abs=1e-5)
    assert loaded_metrics["bert_score_recall"].fast(WORDED) == pytest.approx(recall, abs=1e-5)


@pytest.mark.parametrize("text", ["\ufffd", "\ue000", "🔴", "🔴 🔴", "①", "e" * 101, "[SEP]", "[UNK]"])
def test_a_text_of_which_the_model_knows_nothing_is_similar_to_nothing(
    loaded_metrics: dict[str, Metric], text: str
) -> None:
    pairs = [("red", text), ("!", text), (text, "red"), (text, text), ("red", "red")]
    for name in ("bert_score", "bert_score_precision", "bert_score_recall"):
        assert loaded_metrics[name].fast(pairs) == pytest.approx([0, 0, 0, 0, 1])


def test_what_the_model_knows_of_a_text_counts_as_in_the_library(bert_score: Metric, library: Library) -> None:
    pairs = [("red", "🔴 rot"), ("the 🔴 sun", "🔴 red 🔴")]
    assert bert_score.fast(pairs) == pytest.approx([float(library([pair])[2]) for pair in pairs], abs=1e-5)


def test_an_f1_of_opposite_signs_is_0_where_the_librarys_has_no_bound(bert_score: Metric, library: Library) -> None:
    for text in ("tax there sofa by few", "bus 3.5 there km not dog"):
        precision, recall, f1 = (float(score) for score in library([("coral", text)]))
        assert precision * recall < 0
        assert abs(f1) > 1.01
        assert bert_score.fast([("coral", text)]) == [0.0]


def test_rescaled_similarities_are_the_librarys(minilm_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "baseline.tsv"
    file.write_text("LAYER,P,R,F\n" + "".join(f"{layer},0.{layer}1,0.{layer}2,0.{layer}3\n" for layer in range(7)))
    settings = BertScore(layer=6, baseline=file, scores=("precision", "recall", "f1"))
    rescaling = BERTScorer(
        model_type=str(minilm_folder), num_layers=6, rescale_with_baseline=True, baseline_path=str(file), lang="en"
    )
    expected = [[float(score) for score in rescaling.score([text], [concept])] for concept, text in WORDED]
    metrics = opened(minilm_folder, settings)
    for column, name in enumerate(["bert_score_precision", "bert_score_recall", "bert_score"]):
        assert metrics[name].fast(WORDED) == pytest.approx([scores[column] for scores in expected], abs=1e-4)
        assert metrics[name].source == f"{name} mine/layer6/baseline0.61,0.62,0.63"


def test_what_was_scored_is_remembered_but_not_afresh(minilm_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metric = opened(minilm_folder, BertScore())["bert_score"]
    similarities = metric.fast(PAIRS)
    monkeypatch.setattr("services.scorer.token_encoder.matching_on", None)
    assert metric.fast(PAIRS) == similarities
    with pytest.raises(TypeError):
        metric.afresh(PAIRS)


def test_a_similarity_does_not_depend_on_its_batch(bert_score: Metric, library: Library) -> None:
    pair, long_pair = ("yellow", "He filed his tax return"), ("a very long concept of many words", "word " * 60)
    [alone] = bert_score.fast([pair])
    assert bert_score.fast([pair, long_pair])[0] == pytest.approx(alone, abs=1e-6)
    # The reason for matching pairs of one shape together; where the library no longer does this, so need not we.
    assert abs(float(library([pair, long_pair])[2][0]) - alone) > 1e-3


def test_an_unusual_text_says_nothing_on_stderr(bert_score: Metric, capfd: pytest.CaptureFixture[str]) -> None:
    bert_score.fast([("red", "\x00\x07"), ("red", "\N{ZERO WIDTH SPACE}"), ("red", "")])
    assert capfd.readouterr() == ("", "")


def test_an_empty_or_blank_text_scores_0(bert_score: Metric) -> None:
    assert bert_score.fast([*BLANK, ("red", "red"), *BLANK]) == pytest.approx([0, 0, 0, 0, 1, 0, 0, 0, 0])
    assert bert_score.fast(BLANK) == [0.0] * 4
    assert bert_score.fast([]) == []


@settings(max_examples=25, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8"), max_size=30)] * 2),
        min_size=1,
        max_size=8,
    )
)
def test_f1_is_symmetrical_and_always_a_number(pairs: Sequence[Pair], bert_score: Metric) -> None:
    there, back = bert_score.fast(pairs), bert_score.fast([(text, concept) for concept, text in pairs])
    assert there == pytest.approx(back, abs=1e-5)
    assert all(-1.0001 <= score <= 1.0001 for score in there)


def test_the_layer_defaults_to_the_librarys_choice_for_the_name_else_to_the_last(distilbert_folder: Path) -> None:
    def layer(name: str, configured: int | None) -> str:
        [metric] = opened(distilbert_folder, BertScore(layer=configured), name=name).values()
        return metric.source.rpartition("/")[2]

    assert layer("google/bert_uncased_L-4_H-128_A-2", None) == "layer3"
    assert layer("google/bert_uncased_L-2_H-128_A-2", None) == "layer1"
    assert layer("a model of our own", None) == "layer3"
    assert layer("google/bert_uncased_L-4_H-128_A-2", 2) == "layer2"


def test_a_layer_that_the_model_has_not_is_refused(distilbert_folder: Path) -> None:
    with pytest.raises(InputError, match=r"^metrics\.bert_score\.layer: 4, but 'mine' has 3 layers$"):
        opened(distilbert_folder, BertScore(layer=4))


@pytest.mark.parametrize("folder", ["distilbert_folder", "roberta_folder"])
def test_long_texts_are_cut_where_the_tokenizer_declares_no_limit(folder: str, request: pytest.FixtureRequest) -> None:
    longer, longest = f1(request.getfixturevalue(folder), [("red", "bus " * 3000), ("red", "bus " * 6000)])
    assert longer == pytest.approx(longest, abs=1e-5)


@pytest.mark.parametrize("folder", ["distilbert_folder", "roberta_folder"])
def test_other_tokenizers_and_architectures_are_the_librarys_too(folder: str, request: pytest.FixtureRequest) -> None:
    location = str(request.getfixturevalue(folder))
    library = BERTScorer(model_type=location, num_layers=2)
    library._tokenizer.model_max_length = 500
    library._model.float()
    pairs = [("red", "a bus"), (" red ", " a red\tbus "), ("a bus", "bus"), ("red", "ä 🔴")]
    expected = [float(library.score([text], [concept])[2]) for concept, text in pairs]
    metric = opened(location, BertScore(layer=2))["bert_score"]
    assert metric.fast(pairs) == pytest.approx(expected, abs=1e-5)


def test_weights_in_half_precision_are_computed_in_float32(distilbert_folder: Path) -> None:
    [score] = f1(distilbert_folder, [("red", "a bus")])
    assert score != float(torch.tensor(score).half())


def test_a_path_that_the_library_would_take_for_a_t5_is_refused(distilbert_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(distilbert_folder, tmp_path / "test5")
    with pytest.raises(ValueError, match="for a T5 model; give it another path"):
        f1(folder, [("red", "a bus")])
