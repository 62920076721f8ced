"""The BERTScore metric beside its library, on MiniLM's own encoder and on small untrained backbones."""

import shutil

import pytest
import torch
from bert_score import BERTScorer
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer
from transformers import DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from seep.errors import InputError
from services.scorer.bert_score_metric import load

PAIRS = [
    ("yellow", "a school bus driver"),
    ("yellow", "doctor"),
    ("golden yellow", "yellow."),
    ("golden yellow", "doctor"),
    ("red", "🔴"),
    ("red", "\x00\x07"),
    ("red", "[SEP]"),
    ("red", "word " * 600),
]
BLANK = [("red", ""), ("red", "   \t\n"), ("", "red"), (" ", "")]


@pytest.fixture
def distilbert_folder(tmp_path, minilm_folder):
    """A DistilBERT with untrained weights, whose tokenizer declares no limit."""
    torch.manual_seed(0)
    config = DistilBertConfig(dim=32, n_layers=3, n_heads=2, hidden_dim=64)
    DistilBertModel(config).half().save_pretrained(tmp_path)
    shutil.copy(minilm_folder / "vocab.txt", tmp_path)
    return tmp_path


@pytest.fixture
def roberta_folder(tmp_path):
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
    RobertaModel(config).save_pretrained(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def library(minilm_folder):
    """The library's own scorer, F1 of a list of pairs."""
    scorer = BERTScorer(model_type=str(minilm_folder), num_layers=6)

    def f1(pairs):
        concepts, texts = zip(*pairs, strict=True)
        return scorer.score(list(texts), list(concepts))[2].tolist()

    return f1


def test_similarities_are_the_librarys_f1(bert_score, library):
    assert bert_score(PAIRS) == pytest.approx([score for pair in PAIRS for score in library([pair])], abs=1e-5)


def test_a_similarity_does_not_depend_on_its_batch(bert_score, library):
    pair, long_pair = ("yellow", "He filed his tax return"), ("a very long concept of many words", "word " * 60)
    [alone] = bert_score([pair])
    assert bert_score([pair, long_pair])[0] == pytest.approx(alone, abs=1e-6)
    # The reason for matching pairs of one shape together; where the library no longer does this, so need not we.
    assert abs(library([pair, long_pair])[0] - alone) > 1e-3


def test_an_unusual_text_says_nothing_on_stderr(bert_score, capfd):
    bert_score([("red", "\x00\x07"), ("red", "\N{ZERO WIDTH SPACE}"), ("red", "")])
    assert capfd.readouterr() == ("", "")


def test_an_empty_or_blank_text_scores_0(bert_score):
    assert bert_score([*BLANK, ("red", "red"), *BLANK]) == pytest.approx([0, 0, 0, 0, 1, 0, 0, 0, 0])
    assert bert_score(BLANK) == [0.0] * 4
    assert bert_score([]) == []


@settings(max_examples=25, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8"), max_size=30)] * 2),
        min_size=1,
        max_size=8,
    )
)
def test_f1_is_symmetrical_and_always_a_number(pairs, bert_score):
    there, back = bert_score(pairs), bert_score([(text, concept) for concept, text in pairs])
    assert there == pytest.approx(back, abs=1e-5)
    assert all(-1.0001 <= score <= 1.0001 for score in there)


def test_the_layer_defaults_to_the_librarys_choice_for_the_name_else_to_the_last(distilbert_folder):
    assert load(str(distilbert_folder), "google/bert_uncased_L-4_H-128_A-2", None)[1] == 3
    assert load(str(distilbert_folder), "google/bert_uncased_L-2_H-128_A-2", None)[1] == 1
    assert load(str(distilbert_folder), "a model of our own", None)[1] == 3
    assert load(str(distilbert_folder), "google/bert_uncased_L-4_H-128_A-2", 2)[1] == 2


def test_a_layer_that_the_model_has_not_is_refused(distilbert_folder):
    with pytest.raises(InputError, match=r"^metrics\.bert_score\.layer: 4, but 'mine' has 3 layers$"):
        load(str(distilbert_folder), "mine", 4)


@pytest.mark.parametrize("folder", ["distilbert_folder", "roberta_folder"])
def test_long_texts_are_cut_where_the_tokenizer_declares_no_limit(folder, request):
    metric, _ = load(str(request.getfixturevalue(folder)), "mine", None)
    longer, longest = metric([("red", "bus " * 3000), ("red", "bus " * 6000)])
    assert longer == pytest.approx(longest, abs=1e-5)


def test_weights_in_half_precision_are_computed_in_float32(distilbert_folder):
    metric, _ = load(str(distilbert_folder), "mine", None)
    [score] = metric([("red", "a bus")])
    assert score != float(torch.tensor(score).half())


def test_a_path_that_the_library_would_take_for_a_t5_is_refused(distilbert_folder, tmp_path):
    folder = shutil.copytree(distilbert_folder, tmp_path / "test5")
    with pytest.raises(ValueError, match="for a T5 model; give it another path"):
        load(str(folder), "mine", None)
