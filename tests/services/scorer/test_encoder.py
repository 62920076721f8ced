"""Texts to embeddings: what reaches the model, and how often; on an encoder that is openly a fake."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seep.settings import MINILM, BertScore, Metrics, Scoring
from services.scorer import bert_score_metric, encoder, sentence_bert_metric
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, encode
from services.scorer.loading import load_metrics

pytestmark = pytest.mark.slow


class FakeModel:
    """Splits texts into characters and gives each text its ids as vectors; it remembers what it was asked."""

    def __init__(self, name: str = "fake", limit: int = 10) -> None:
        self.tokenized: list[str] = []
        self.batches: list[tuple[int, ...]] = []
        self.encoder = Encoder(name, "characters", limit, self.tokenize, self.forward, torch.device("cpu"), len)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        self.tokenized += texts
        return [[ord(character) for character in text[: self.encoder.limit]] for text in texts]

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        self.batches.append(tuple(ids.shape))
        return ids.float()


@given(st.lists(st.text(max_size=15), max_size=30))
def test_every_text_gets_its_own_embedding_in_batches_without_padding(texts: list[str]) -> None:
    model = FakeModel()
    found = encode(model.encoder, texts, EmbeddingCache(1 << 20))
    assert {text: embedded.vectors.tolist() for text, embedded in found.items()} == {
        text: [float(ord(character)) for character in text[:10]] for text in texts
    }
    assert sum(texts for texts, _ in model.batches) == len(set(texts))


def test_batches_hold_no_more_tokens_than_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encoder.TOKEN_BUDGET, "cpu", 6)
    model = FakeModel()
    encode(model.encoder, ["aa", "bb", "cc", "dd", "eeeeeeee", ""], None)
    assert sorted(model.batches) == [(1, 0), (1, 2), (1, 8), (3, 2)]


def test_what_is_in_the_cache_is_neither_tokenized_nor_encoded_again() -> None:
    model, cache = FakeModel(), EmbeddingCache(1 << 20)
    encode(model.encoder, ["red", "bus"], cache)
    encode(model.encoder, ["bus", "rose", "red"], cache)
    assert model.tokenized == ["red", "bus", "rose"]
    assert model.batches == [(2, 3), (1, 4)]


def test_without_a_cache_all_is_computed_afresh() -> None:
    model = FakeModel()
    for _ in range(2):
        encode(model.encoder, ["red", "red"], None)
    assert model.tokenized == ["red", "red"]
    assert model.batches == [(1, 3), (1, 3)]


def test_an_embedding_does_not_keep_its_batch_in_memory() -> None:
    found = encode(FakeModel().encoder, ["red", "bus"], None)
    assert found["red"].vectors.untyped_storage().nbytes() == 3 * 4


def test_models_of_one_vocabulary_tokenize_a_text_once_unless_one_cuts_it() -> None:
    cache = EmbeddingCache(1 << 20)
    long, short = FakeModel("long", limit=10), FakeModel("short", limit=5)
    texts = ["red", "exact", "longer", "0123456789", "0123456789+"]
    encode(long.encoder, texts, cache)
    found = encode(short.encoder, texts, cache)
    assert short.tokenized == ["longer", "0123456789", "0123456789+"]
    assert all(embedded.ids.tolist() == [ord(c) for c in text[:5]] for text, embedded in found.items())
    assert encode(FakeModel("other").encoder, ["0123456789+"], cache)["0123456789+"].ids.tolist()[-1] == ord("9")


def test_only_tokenizers_that_split_alike_share_a_vocabulary(minilm_folder: Path, tmp_path: Path) -> None:
    sentence = sentence_bert_metric.load(str(minilm_folder), "mini", torch.float32)
    tokens = bert_score_metric.load(str(minilm_folder), "mini", 6, torch.float32).encoder
    assert (sentence.vocabulary, sentence.limit) == (tokens.vocabulary, 256)
    folder = shutil.copytree(minilm_folder, tmp_path / "cased")
    for file in ("tokenizer.json", "tokenizer_config.json"):
        content = json.loads((folder / file).read_text(encoding="utf-8"))
        content |= {"do_lower_case": False} if "do_lower_case" in content else {}
        if content.get("normalizer"):
            content["normalizer"]["lowercase"] = False
        (folder / file).write_text(json.dumps(content), encoding="utf-8")
    other = bert_score_metric.load(str(folder), "cased", 6, torch.float32).encoder
    assert other.vocabulary != tokens.vocabulary


def test_both_metrics_of_one_model_tokenize_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scoring = Scoring(dtype="float32")
    metrics, _ = load_metrics(Metrics(bert_score=BertScore(model=MINILM)), scoring)
    metrics["sentence_bert"].fast([("red", "a school bus")])

    def refuse(*_: object) -> None:
        pytest.fail("tokenized again")

    monkeypatch.setattr("transformers.BertTokenizer.__call__", refuse)
    assert metrics["bert_score"].fast([("red", "a school bus")])[0] > 0
