"""The Sentence-BERT metric beside its library, on the real all-MiniLM-L6-v2."""

import shutil
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer, util

from services.scorer.sentence_encoder import load
from services.scorer.similarity import Metric

pytestmark = pytest.mark.slow

PAIRS = [
    ("yellow", "a school bus driver"),
    ("yellow", "doctor"),
    ("golden yellow", "yellow."),
    ("red", "doctor"),
    ("red", "🔴 red"),
    ("red", "word " * 600),
]
BLANK = [("red", ""), ("red", "   \t\n"), ("", "red"), (" ", ""), ("red", "\x00\x07")]


def test_similarities_are_the_librarys_cosines(sentence_bert: Metric, minilm_folder: Path) -> None:
    library = SentenceTransformer(str(minilm_folder))
    expected = [float(util.cos_sim(*library.encode([concept, text]))) for concept, text in PAIRS]
    assert sentence_bert.fast(PAIRS) == pytest.approx(expected, abs=1e-5)


def test_an_empty_or_blank_text_is_similar_to_nothing(sentence_bert: Metric) -> None:
    assert sentence_bert.fast([*BLANK, ("red", "red"), *BLANK]) == pytest.approx([0] * 5 + [1] + [0] * 5)
    assert sentence_bert.fast(BLANK) == [0.0] * 5


# What a model cuts off inside an emoji, a sign of nobody's, signs and a word beyond its vocabulary, its own tokens.
@pytest.mark.parametrize("text", ["\ufffd", "\ue000", "🔴", "🔴 🔴", "①", "e" * 101, "[SEP]", "[UNK]"])
def test_a_text_of_which_the_model_knows_nothing_is_similar_to_nothing(sentence_bert: Metric, text: str) -> None:
    pairs = [("red", text), ("!", text), (text, "red"), (text, text), ("red", "red")]
    assert sentence_bert.fast(pairs) == pytest.approx([0, 0, 0, 0, 1])


def test_no_pairs_have_no_similarities(sentence_bert: Metric) -> None:
    assert sentence_bert.fast([]) == []


def test_a_model_that_puts_prompts_of_its_own_before_texts_is_refused(minilm_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    model = SentenceTransformer(str(minilm_folder), prompts={"query": "query: "}, default_prompt_name="query")
    model.save(str(folder))
    with pytest.raises(ValueError, match="not a transformer of texts alone, without prompts of its own"):
        load(str(folder), "mine", torch.float32)
    shutil.rmtree(folder)
