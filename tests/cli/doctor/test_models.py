"""What is told of the models that a configuration names."""

from pathlib import Path

import pytest

from cli.doctor.findings import Finding
from cli.doctor.models import model_checks
from deploy.local.scripted_server import MODEL, scripted_server
from seep.settings import Settings

FOUND = {"metrics": {"sentence_bert": {"model": "all-MiniLM-L6-v2"}, "bert_score": None}}


def findings(**sections: object) -> dict[str, Finding]:
    checks = model_checks(Settings.model_validate({**FOUND, **sections}))
    return {place: check() for place, check in checks.items()}


def test_models_in_folders(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    engines = {
        "gone": {"backend": "vllm", "model": f"{tmp_path}/gone"},
        "hollow": {"backend": "vllm", "model": f"{tmp_path}/model"},
    }
    found = findings(engines=engines)
    assert found["engines.gone"].text == f"model: no such folder: {tmp_path}/gone"
    assert found["engines.hollow"].text.startswith(f"model: no model is in the folder {tmp_path}/model")
    (tmp_path / "model" / "config.json").write_text("{}", encoding="utf-8")
    assert findings(engines=engines)["engines.hollow"] == Finding("engines.hollow", "ok", f"{tmp_path}/model")


def test_where_the_small_model_of_a_checkout_is_missing_it_says_who_fetches_it() -> None:
    found = findings(engines={"small": {"backend": "vllm", "model": ".seep/smollm2/nowhere"}})["engines.small"]
    assert found.advice.startswith("make stack fetches it")


def test_an_endpoint_answers_or_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.models.LIST_SECONDS", 60.0)
    with scripted_server() as server:
        engine = {"backend": "openai", "base_url": server.base_url, "model": MODEL}

        def state(**changes: object) -> tuple[str, str]:
            found = findings(engines={"it": {**engine, **changes}})["engines.it"]
            return found.state, found.text.rpartition(": ")[2]

        assert state() == ("ok", "it answers")
        assert state(model="other") == ("note", "it answers, and does not list this model")
        assert state(base_url="http://127.0.0.1:1/v1")[0] == "missing"
        assert state(api_key_env="NO_KEY")[0] == "missing"
        server.models_script = lambda number: "HTTP 401"
        assert state() == ("missing", "HTTP 401")
        server.models_script = lambda number: "HTTP 404"
        assert state() == ("ok", "it answers")


def test_a_metrics_model_is_missed_only_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.scorer.models.why_missing", lambda name: "nobody has it")
    wanted = findings(metrics={"sentence_bert": {"model": "all-MiniLM-L6-v2"}, "bert_score": {}})
    assert [wanted[f"metrics.{name}"].state for name in ("sentence_bert", "bert_score")] == ["ok", "missing"]
    left_out = model_checks(Settings())["metrics.bert_score"]()
    assert (left_out.state, left_out.advice) == ("note", "seep run leaves it out")
    assert left_out.text == "cannot load 'distilbert-base-uncased': nobody has it"
