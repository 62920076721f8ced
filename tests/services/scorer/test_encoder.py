"""Texts to embeddings: what reaches the model, and how often; on an encoder that is openly a fake."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from transformers import PreTrainedTokenizerFast

from seep.settings import MINILM, BertScore, Metrics, Scoring
from services.scorer import batches, bert_score_metric, sentence_encoder
from services.scorer.batches import Batch
from services.scorer.cache import EmbeddingCache
from services.scorer.encoder import Encoder, encode, pack, unread_tokens
from services.scorer.loading import load_metrics
from services.scorer.rows import Numbers, Rows

pytestmark = pytest.mark.slow


class FakeModel:
    """Splits texts into characters and gives each text its ids as vectors; it remembers what it was asked."""

    def __init__(self, name: str = "fake", limit: int = 10, device: str = "cpu") -> None:
        self.tokenized: list[str] = []
        self.batches: list[tuple[int, ...]] = []
        self.encoder = Encoder(name, "characters", limit, self.tokenize, self.forward, torch.device(device), len)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        self.tokenized += texts
        return [[ord(character) for character in text[: self.encoder.limit]] for text in texts]

    def forward(self, batch: Batch) -> dict[str, torch.Tensor]:
        self.batches.append(tuple(batch.ids.shape))
        return {self.encoder.name: batch.ids.float()[:, :, None]}


def encoded(model: FakeModel, texts: Sequence[str], cache: EmbeddingCache | None) -> dict[str, list[float]]:
    """Every text's vectors, of one dimension; their ids say the same."""
    number, rows = encode(model.encoder, texts, cache)
    if not number:
        return {}
    vectors, ids = rows.columns
    assert vectors[:, 0].tolist() == ids.tolist()
    return {text: vectors[rows.starts[at] : rows.starts[at + 1], 0].tolist() for text, at in number.items()}


@given(st.lists(st.text(max_size=15), max_size=30))
def test_every_text_gets_its_own_embedding_in_batches_without_padding(texts: list[str]) -> None:
    model = FakeModel()
    expected = {text: [float(ord(character)) for character in text[:10]] for text in texts}
    assert encoded(model, texts, EmbeddingCache(1 << 20)) == expected
    assert sum(texts for texts, _ in model.batches) == len(set(texts))


@given(st.lists(st.text(max_size=15), max_size=30, unique=True), st.integers(1, 20))
def test_on_a_gpu_texts_are_padded_to_few_widths_and_come_out_without_padding(texts: list[str], limit: int) -> None:
    tokens = pack([[ord(character) for character in text[:limit]] for text in texts])
    found = {}
    for places, batch in padded_batches(tokens, limit):
        assert batch.ids.shape[1] in {8, 16, limit - 1, limit}
        mask = torch.ones_like(batch.ids) if batch.mask is None else batch.mask
        assert mask.sum(dim=1).tolist() == batch.lengths.tolist()
        rows = batch.rows(batch.ids.float()[:, :, None])
        for at, place in enumerate(places):
            found[texts[place]] = rows.columns[1][rows.starts[at] : rows.starts[at + 1]].tolist()
    assert found == {text: [ord(character) for character in text[:limit]] for text in texts}


def padded_batches(tokens: Rows, limit: int) -> list[tuple[Numbers, Batch]]:
    """Batches as on a GPU, whose tensors stay here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "is_padded", lambda _: True)
        return list(batches.batches(tokens, limit, torch.device("cpu")))


def test_batches_hold_no_more_tokens_than_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(batches.TOKEN_BUDGET, "cpu", 6)
    model = FakeModel()
    encode(model.encoder, ["aa", "bb", "cc", "dd", "eeeeeeee", ""], None)
    assert sorted(model.batches) == [(1, 0), (1, 2), (1, 8), (3, 2)]


def test_what_is_in_the_cache_is_neither_tokenized_nor_encoded_again() -> None:
    model, cache = FakeModel(), EmbeddingCache(1 << 20)
    encoded(model, ["red", "bus"], cache)
    assert list(encoded(model, ["bus", "rose", "red"], cache)) == ["bus", "red", "rose"]
    assert model.tokenized == ["red", "bus", "rose"]
    assert model.batches == [(2, 3), (1, 4)]


def test_without_a_cache_or_in_one_that_holds_nothing_all_is_computed_afresh() -> None:
    for cache in (None, EmbeddingCache(0)):
        model = FakeModel()
        for _ in range(2):
            assert encoded(model, ["red", "red"], cache) == {"red": [float(ord(c)) for c in "red"]}
        assert model.tokenized == ["red", "red"]
        assert model.batches == [(1, 3), (1, 3)]


def test_what_is_remembered_does_not_keep_more_than_it_counts() -> None:
    cache = EmbeddingCache(1 << 20)
    encode(FakeModel().encoder, ["red", "bus", "rose"], cache)
    for _, rows in cache.find("fake", ["red", "bus"]):
        for column in rows.columns:
            assert column.untyped_storage().nbytes() == column.nbytes


def test_models_of_one_vocabulary_tokenize_a_text_once_unless_one_cuts_it() -> None:
    cache = EmbeddingCache(1 << 20)
    long, short = FakeModel("long", limit=10), FakeModel("short", limit=5)
    texts = ["red", "exact", "longer", "0123456789", "0123456789+"]
    encode(long.encoder, texts, cache)
    found = encoded(short, texts, cache)
    assert sorted(short.tokenized) == ["0123456789", "0123456789+", "longer"]
    assert found == {text: [float(ord(c)) for c in text[:5]] for text in texts}
    assert encoded(FakeModel("other"), ["0123456789+"], cache)["0123456789+"][-1] == ord("9")


def test_only_tokenizers_that_split_alike_share_a_vocabulary(minilm_folder: Path, tmp_path: Path) -> None:
    sentence = sentence_encoder.load(str(minilm_folder), "mini", torch.float32)
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


@pytest.mark.parametrize(
    ("text", "says"), [("🔴", False), ("🔴 𐎀", False), (" ", False), ("red", True), ("🔴 red", True)]
)
def test_of_a_sentencepiece_tokenizer_the_blank_before_what_is_unknown_says_nothing(text: str, says: bool) -> None:
    tokenizer = Tokenizer(
        Unigram([("<unk>", 0.0), ("\u2581", -1.0), ("\u2581red", -2.0)], unk_id=0, byte_fallback=False)
    )
    tokenizer.pre_tokenizer = Metaspace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")  # type: ignore[no-untyped-call]
    unread = unread_tokens(fast, torch.device("cpu")).tolist()
    assert says == any(token not in unread for token in fast(text)["input_ids"])


def test_without_special_and_unknown_tokens_each_says_something() -> None:
    letters = Tokenizer(Unigram([("a", -1.0)]))
    fast = PreTrainedTokenizerFast(tokenizer_object=letters)  # type: ignore[no-untyped-call]
    assert unread_tokens(fast, torch.device("cpu")).tolist() == []
