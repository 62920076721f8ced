"""The edge to an endpoint: only what is configured is connected to and sent, and who is away shows as that."""

import asyncio
import os
import socket
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from deploy.local.scripted_server import MODEL, scripted_server
from seep.errors import InputError, Unavailable
from seep.settings import OpenAiEngine
from services.generator.backend import Answered
from services.generator.circuit_breaker import RequestFailed
from services.generator.endpoint import Endpoint
from tests.certificates import own_certificate, serving_context
from tests.services.generator.server_requests import REQUEST, answered, backend_for


def engine_at(base_url: str, **engine: Any) -> OpenAiEngine:
    return OpenAiEngine.model_validate({"backend": "openai", "base_url": base_url, "model": MODEL, **engine})


def failure(base_url: str, method: str = "GET", **engine: Any) -> tuple[str, bool]:
    """What is wrong with a server, and whether the request itself could be the reason."""
    endpoint = Endpoint(engine_at(base_url, **engine), "engines.e")
    with pytest.raises(RequestFailed) as error:
        asyncio.run(endpoint.send(method, "chat/completions", {}))
    return error.value.kind, error.value.attributable


def test_a_key_is_sent_and_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key").write_text("swordfish\n")
    monkeypatch.setenv("A_KEY", "shark")
    with scripted_server() as server, caplog.at_level("DEBUG"):
        answered(server, [REQUEST], api_key_file=str(tmp_path / "key"))
        answered(server, [REQUEST], api_key_env="A_KEY")
        answered(server, [REQUEST])
    keys = [headers.get("Authorization") for _, _, headers in server.received]
    assert keys == ["Bearer swordfish", "Bearer shark", None]
    assert "swordfish" not in caplog.text


def test_a_key_that_is_rotated_is_read_again_with_the_next_batch(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old")
    with scripted_server() as server:
        backend = backend_for(server, api_key_file=str(file))
        backend.generate([REQUEST])
        file.write_text("new")
        backend.generate([REQUEST])
        file.unlink()
        with pytest.raises(Unavailable, match=r"^engines\.e\.api_key_file: [^\n]+ cannot be read"):
            backend.generate([REQUEST])
    assert [headers["Authorization"] for _, _, headers in server.received] == ["Bearer old", "Bearer new"]


@pytest.mark.parametrize("key", [{"api_key_file": "/nowhere/key"}, {"api_key_env": "NO_SUCH_KEY"}, {"api_key_env": ""}])
def test_a_key_that_is_not_there_is_one_line(key: dict[str, str]) -> None:
    with pytest.raises(InputError, match=rf"^engines\.e\.{next(iter(key))}: [^\n]+$"):
        Endpoint(engine_at("http://h/v1", **key), "engines.e")


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"two\nlines", "gr\u00fcn".encode(), b"\xff\xfe"])
def test_a_key_that_cannot_be_sent_is_one_line_that_does_not_show_it(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv("A_KEY", os.fsdecode(content))
    for key in ({"api_key_file": str(tmp_path / "key")}, {"api_key_env": "A_KEY"}):
        with pytest.raises(InputError, match=rf"^engines\.e\.{next(iter(key))}: [^\n]+: expected [^\n]+$") as error:
            Endpoint(engine_at("http://h/v1", **key), "engines.e")
        assert "words" not in str(error.value).removesuffix("one word of visible ASCII characters")


def test_no_proxy_and_no_key_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with scripted_server() as server:
        (answer,) = answered(server, [REQUEST])
    assert isinstance(answer, Answered)


def test_a_proxy_that_is_configured_is_used() -> None:
    with scripted_server(prefix="http://nowhere.invalid/v1") as proxy:
        url = f"http://127.0.0.1:{proxy.server_port}"
        (answer,) = answered(proxy, [REQUEST], base_url="http://nowhere.invalid/v1", proxy=url)
    assert isinstance(answer, Answered)


def test_a_proxys_credentials_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("user:pass:word\n")
    given: dict[str, Any] = {"proxy_credentials_file": str(tmp_path / "credentials")}
    with scripted_server(prefix="http://nowhere.invalid/v1") as proxy:
        url = f"http://127.0.0.1:{proxy.server_port}"
        answered(proxy, [REQUEST], base_url="http://nowhere.invalid/v1", proxy=url, **given)
    [(_, _, headers)] = proxy.received
    assert headers["Proxy-Authorization"] == f"Basic {b64encode(b'user:pass:word').decode()}"
    for wrong in ("user", ":word", "a:b\nc:d"):
        (tmp_path / "credentials").write_text(wrong)
        with pytest.raises(InputError, match=r"^engines\.e\.proxy_credentials_file: [^\n]+: expected one line, user:"):
            Endpoint(engine_at("http://h/v1", proxy="http://h", **given), "engines.e")


def test_a_server_that_cannot_be_reached_fails_whatever_the_request() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    assert failure(nobody) == ("no connection (ConnectError)", False)


def test_a_server_that_takes_no_connection_differs_from_one_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, scripted_server(lambda number: "hang") as silent:
        url = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        assert failure(url, timeout_seconds=0.4) == ("no connection (ConnectTimeout)", False)
        assert failure(silent.base_url, timeout_seconds=0.4, method="POST") == ("no answer in time", True)
        for each in waiting:
            each.close()


def test_a_proxy_that_lets_nothing_through_says_nothing_of_a_request() -> None:
    with scripted_server() as proxy:
        url = f"http://127.0.0.1:{proxy.server_port}"
        assert failure("https://nowhere.invalid/v1", proxy=url) == ("no connection (ProxyError)", False)
        endpoint = Endpoint(engine_at("https://nowhere.invalid/v1", proxy=url), "engines.e")
        with pytest.raises(RequestFailed, match=r"no connection \(ProxyError\): 501 Unsupported method"):
            asyncio.run(endpoint.send("GET", "models"))


def test_a_failure_names_engine_and_address_and_what_the_system_says() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    said = {
        nobody: "no connection (ConnectError): Connection refused",
        "http://nowhere.invalid/v1": "no connection (ConnectError): Name or service not known",
    }
    for base_url, words in said.items():
        endpoint = Endpoint(engine_at(base_url, query={"deployment": "swordfish"}), "engines.e")
        with pytest.raises(RequestFailed) as error:
            asyncio.run(endpoint.send("GET", "models"))
        assert str(error.value) == f"engines.e, {base_url}/models: {words}"


def test_headers_and_query_go_with_every_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("shark\n")
    monkeypatch.setenv("A_KEY", "swordfish")
    engine: dict[str, Any] = {
        "api_key_env": "A_KEY",
        "api_key_header": "api-key",
        "headers": {"X-Team": "watch ers"},
        "secret_headers": {"X-Token": {"file": str(tmp_path / "token")}, "X-Other": {"env": "A_KEY"}},
        "query": {"api-version": "2024-10-21"},
    }
    with scripted_server(prefix="/openai/deployments/mine") as server:
        answered(server, [REQUEST], **engine)
    [(path, _, headers)] = server.received
    assert path == "/chat/completions?api-version=2024-10-21"
    assert {name: headers[name] for name in ("api-key", "X-Team", "X-Token", "X-Other")} == {
        "api-key": "swordfish",
        "X-Team": "watch ers",
        "X-Token": "shark",
        "X-Other": "swordfish",
    }
    assert "Authorization" not in headers


@pytest.mark.parametrize("content", ["", "two\nlines", "gr\u00fcn", "a\x00b"])
def test_a_secret_that_cannot_be_sent_is_one_line_that_does_not_show_it(content: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(content)
    engine = engine_at("http://h/v1", secret_headers={"X-Token": {"file": str(tmp_path / "token")}})
    with pytest.raises(InputError) as error:
        Endpoint(engine, "engines.e")
    assert str(error.value) == (
        f"engines.e.secret_headers.X-Token.file: {tmp_path}/token: expected one line of visible ASCII characters"
    )


def test_a_secret_that_is_not_there_is_one_line() -> None:
    engine = engine_at("http://h/v1", secret_headers={"X-Token": {"env": "NO_SUCH_TOKEN"}})
    with pytest.raises(
        InputError, match=r"^engines\.e\.secret_headers\.X-Token\.env: there is no environment variable"
    ):
        Endpoint(engine, "engines.e")


def test_a_server_whose_certificate_an_own_authority_signed_needs_that_authoritys(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path)
    with scripted_server() as server:
        server.socket = serving_context(certificate, key).wrap_socket(server.socket, server_side=True)
        base_url = server.base_url.replace("http://127.0.0.1", "https://localhost")
        (answer,) = answered(server, [REQUEST], base_url=base_url, ca_file=str(certificate))
        with pytest.raises(
            Unavailable, match=r"the server's certificate is not trusted: self[- ]signed certificate; .*SSL_CERT_FILE"
        ):
            answered(server, [REQUEST], base_url=base_url, max_retries=0)
    assert isinstance(answer, Answered)


def test_a_certificate_file_of_the_environment_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    with scripted_server() as server, pytest.raises(InputError, match=r"SSL_CERT_FILE: .*nowhere\.pem is no file"):
        answered(server, [REQUEST])


def test_an_authority_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for file, reason in (("nowhere.pem", "No such file or directory"), ("ca.pem", "expected certificates in PEM")):
        with pytest.raises(InputError, match=rf"^engines\.e\.ca_file: [^\n]+ cannot be used: {reason}$"):
            Endpoint(engine_at("https://h/v1", ca_file=str(tmp_path / file)), "engines.e")


def test_a_server_that_is_not_there_delays_the_whole_batch() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    with scripted_server() as server, pytest.raises(Unavailable, match="no connection"):
        answered(server, [REQUEST], base_url=url)


def test_who_gets_no_answer_in_time_is_told_which_settings_mend_it() -> None:
    with scripted_server(lambda number: "hang") as silent:
        endpoint = Endpoint(engine_at(silent.base_url, timeout_seconds=0.2), "engines.e")
        with pytest.raises(RequestFailed, match=r"no answer in time: 0\.2 s; the engine's timeout_seconds .* max_conc"):
            asyncio.run(endpoint.send("POST", "chat/completions", {}))
