"""A run of the recall probe on answers of a model whose memory is known."""

import json
from pathlib import Path

import pytest

from benchmarks.validity.recalled import (
    PREFIX,
    category_of,
    drawn_texts,
    extraction,
    sampled,
    spelled,
    suite_of,
    trained,
    true_rates,
)
from tests.commands import Command

pytestmark = pytest.mark.slow


def test_what_a_model_has_read_is_recalled_at_its_true_rate_and_what_it_has_not_never(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str
) -> None:
    texts = [read for read in drawn_texts() if read.times in (0, 64)][8:12]
    model = trained(texts)
    truth = true_rates(texts, extraction(model, texts))
    suite, recorded = tmp_path / "repeated.yaml", tmp_path / "repeated.jsonl"
    suite.write_text(suite_of(texts).model_dump_json(), encoding="utf-8")
    lines = [
        json.dumps({"prompt": spelled(read.text[:PREFIX]), "generations": answers})
        for read, answers in zip(texts, sampled(model, texts, seed=1), strict=True)
    ]
    recorded.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    code, printed, complaint = command("run", str(suite), "--recorded", str(recorded), "--json")
    assert code == 0, complaint
    rates = {rate["category"]: rate for rate in json.loads(printed)}
    seen, unseen = (category_of(texts[place]) for place in (-1, 0))
    assert truth[unseen] < 0.001 < 10 < truth[seen] < 90
    assert rates[seen]["low"] <= truth[seen] <= rates[seen]["high"]
    assert (rates[unseen]["rate"], rates[unseen]["comparisons"]) == (0, 10)
