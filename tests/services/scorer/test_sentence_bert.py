"""The Sentence-BERT metric beside its library, on the real all-MiniLM-L6-v2."""

import pytest
from sentence_transformers import SentenceTransformer, util

from services.scorer.sentence_bert import cosines

PAIRS = [
    ("yellow", "a school bus driver"),
    ("yellow", "doctor"),
    ("golden yellow", "yellow."),
    ("red", "doctor"),
    ("red", ""),
    ("red", "   \t\n"),
    ("red", "\x00\x07"),
    ("red", "🔴"),
    ("red", "word " * 600),
]


def test_similarities_are_the_librarys_cosines(sentence_bert, minilm_folder):
    library = SentenceTransformer(str(minilm_folder))
    expected = [float(util.cos_sim(*library.encode([concept, text]))) for concept, text in PAIRS]
    assert sentence_bert(PAIRS) == pytest.approx(expected, abs=1e-5)


def test_each_distinct_text_is_encoded_once(minilm_folder):
    encoded = []

    class RecordingEncoder(SentenceTransformer):
        def encode(self, inputs, **options):
            encoded.extend(inputs)
            return super().encode(inputs, **options)

    cosines(RecordingEncoder(str(minilm_folder)), [("red", "bus"), ("bus", "red"), ("red", "rose"), ("red", "bus")])
    assert sorted(encoded) == ["bus", "red", "rose"]


def test_no_pairs_have_no_similarities(sentence_bert):
    assert sentence_bert([]) == []
