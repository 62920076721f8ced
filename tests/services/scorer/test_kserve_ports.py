"""The predictor's ports, under what strangers send: nobody switches it off, and nothing that was sent is logged."""

import asyncio
import json
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from grpc import RpcError, StatusCode, insecure_channel  # type: ignore[import-untyped]
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import GRPCInferenceServiceStub

from deploy.local.broker import free_port
from seep.errors import InputError
from seep.runtime.http_server import http_server
from seep.settings import MINILM, Predictor
from services.scorer import kserve_grpc
from services.scorer.frozen import SIMILARITIES
from services.scorer.kserve_grpc import grpc_server
from services.scorer.kserve_http import Plane, http_application
from services.scorer.kserve_model import LARGEST_BODY, NAME, ScorerModel
from services.scorer.predictor import CONNECTIONS, http_listener
from services.scorer.similarity import Metric, Pair
from tests.hostile import REQUESTS, exchange, head, held_open
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SOURCE = f"sentence_bert {MINILM}"
V1, V2 = f"/v1/models/{NAME}:predict", f"/v2/models/{NAME}/infer"
TENSOR: dict[str, Any] = {"datatype": "BYTES", "shape": [1]}
PAIR = {"concept": "red", "text": "bus"}


def lengths(pairs: Sequence[Pair]) -> Sequence[float]:
    """The canary's own similarities; for other pairs, the length of the text."""
    frozen = SIMILARITIES[SOURCE]
    if any(text == "fail" for _, text in pairs):
        raise ValueError("CANARY: what a library says of a text")
    return frozen if len(pairs) == len(frozen) else [float(len(text)) for _, text in pairs]


SOUND = Metric(lengths, lengths, lengths, 0.0, SOURCE)


@dataclass(frozen=True)
class Ports:
    plane: Plane
    http: httpx.Client
    stub: Any
    http_port: int
    grpc_port: int


@contextmanager
def served(metric: Metric = SOUND) -> Iterator[Ports]:
    plane, grpc_port = Plane(ScorerModel({"length": metric}, 4)), free_port()
    server = http_server(http_application(plane), connections=CONNECTIONS)

    async def serve(listener: socket.socket) -> None:
        grpc = grpc_server(plane, "127.0.0.1", grpc_port)
        await grpc.start()
        await server.serve(sockets=[listener])
        await grpc.stop(None)

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        insecure_channel(f"127.0.0.1:{grpc_port}") as channel,
        httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False, timeout=300) as http,
    ):
        thread = threading.Thread(target=lambda: asyncio.run(serve(listener)), daemon=True)
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield Ports(plane, http, GRPCInferenceServiceStub(channel), listener.getsockname()[1], grpc_port)
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def ports() -> Iterator[Ports]:
    with served() as both:
        yield both


def predicts(ports: Ports) -> bool:
    answer = ports.http.post(V1, json={"instances": [PAIR]})
    return bool(answer.json() == {"predictions": [{"length": 3.0}]})


def rpc(call: Callable[..., Any], message: Any) -> tuple[StatusCode, str]:
    """The status and words with which a call fails."""
    with pytest.raises(RpcError) as error:
        call(message, timeout=300)
    return error.value.code(), error.value.details()


def test_no_request_loads_or_unloads_the_model(ports: Ports) -> None:
    for action in ("load", "unload"):
        for method in ("POST", "GET", "PUT", "DELETE"):
            answer = ports.http.request(method, f"/v2/repository/models/{NAME}/{action}")
            assert (action, method, answer.status_code) == (action, method, 404)
    load, unload = messages.RepositoryModelLoadRequest, messages.RepositoryModelUnloadRequest
    assert rpc(ports.stub.RepositoryModelLoad, load(model_name=NAME))[0] == StatusCode.UNIMPLEMENTED
    assert rpc(ports.stub.RepositoryModelUnload, unload(model_name=NAME))[0] == StatusCode.UNIMPLEMENTED
    assert ports.http.get("/v2").json()["extensions"] == []
    assert list(ports.stub.ServerMetadata(messages.ServerMetadataRequest(), timeout=300).extensions) == []
    assert predicts(ports)


def test_a_server_without_its_model_is_not_alive() -> None:
    with served() as ports:
        ports.plane.model_registry.models.clear()
        for path in ("/v2/health/live", "/v2/health/ready"):
            assert (path, ports.http.get(path).status_code) == (path, 503)
        assert not ports.stub.ServerLive(messages.ServerLiveRequest(), timeout=300).live
        assert not ports.stub.ServerReady(messages.ServerReadyRequest(), timeout=300).ready


def test_a_drifted_model_is_alive_and_not_ready() -> None:
    with served(replace(SOUND, afresh=lambda pairs: [1.0] * len(pairs))) as ports:
        answers = [ports.http.get(f"/v2/health/{state}").status_code for state in ("live", "ready")]
        assert answers == [200, 503]
        assert ports.http.post(V1, json={"instances": [PAIR]}).status_code == 503
        assert ports.stub.ServerLive(messages.ServerLiveRequest(), timeout=300).live
        assert not ports.stub.ModelReady(messages.ModelReadyRequest(name=NAME), timeout=300).ready
        assert rpc(ports.stub.ModelInfer, messages.ModelInferRequest(model_name=NAME))[0] == StatusCode.UNAVAILABLE


def test_there_are_no_other_routes(ports: Ports) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/v2/", "/v2/repository/index", f"/v1/models/{NAME}:explain"):
        for method in ("GET", "POST"):
            assert ports.http.request(method, path).status_code in (404, 405), path


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/json", "", None])
def test_a_body_needs_no_content_type(ports: Ports, kind: str | None) -> None:
    body = json.dumps({"instances": [PAIR]}).encode()
    tensors = json.dumps(
        {"inputs": [TENSOR | {"name": name, "data": ["red"]} for name in ("concept", "text")]}
    ).encode()
    for path, sent in ((V1, body), (V2, tensors)):
        headers = [f"Content-Length: {len(sent)}", *([f"Content-Type: {kind}"] if kind is not None else [])]
        answer = exchange(ports.http_port, head(f"POST {path} HTTP/1.1", *headers) + sent)
        assert answer.startswith(b"HTTP/1.1 200"), answer


def test_tensors_may_come_and_go_as_bytes(ports: Ports) -> None:
    raw = struct.pack("<I", 3) + b"red"
    inputs = [TENSOR | {"name": name, "parameters": {"binary_data_size": 7}} for name in ("concept", "text")]
    outputs = [{"name": "length", "parameters": {"binary_data": True}}]
    document = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    answer = ports.http.post(
        V2, content=document + raw * 2, headers={"inference-header-content-length": str(len(document))}
    )
    size = int(answer.headers["inference-header-content-length"])
    assert struct.unpack("<d", answer.content[size:]) == (3.0,)


def tensors(**changed: Any) -> bytes:
    return json.dumps({"inputs": [TENSOR | {"name": name} | changed for name in ("concept", "text")]}).encode()


DATA = {"data": ["red"]}
BINARY = {"parameters": {"binary_data_size": 7}}

# Of V2 with binary tensors: body, and the number that the header says are JSON ("all" for its length).
BINARIES: dict[str, tuple[bytes, str]] = {
    "letters": (tensors(**DATA), "abc"),
    "nothing": (tensors(**DATA), ""),
    "negative": (tensors(**DATA), "-1"),
    "a fraction": (tensors(**DATA), "1.5"),
    "many digits": (tensors(**DATA), "9" * 5000),
    "more than there is": (tensors(**DATA), "1000000"),
    "a part": (tensors(**DATA), "5"),
    "no bytes": (tensors(**BINARY), "all"),
    "neither bytes nor data": (tensors(), "all"),
    "a size in letters": (tensors(parameters={"binary_data_size": "CANARY"}), "all"),
    "a negative size": (tensors(parameters={"binary_data_size": -5}), "all"),
    "parameters that are none": (tensors(parameters="CANARY"), "all"),
    "a list": (b"[]", "all"),
    "no inputs": (b'{"CANARY": 1}', "all"),
    "inputs of numbers": (b'{"inputs": [5]}', "all"),
    "no name": (b'{"inputs": [{}]}', "all"),
    "a shape of letters": (tensors(shape="CANARY", **DATA), "all"),
    "a shape that is a number": (tensors(shape=5, **DATA), "all"),
    "a shape of lists": (tensors(shape=[[1]], **DATA), "all"),
    "a large shape": (tensors(shape=[10**12], **DATA), "all"),
    "a shape for no data": (tensors(data=[]), "all"),
    "data that is a number": (tensors(data=5), "all"),
    "data that is an object": (tensors(data={"CANARY": 1}), "all"),
    "data of numbers": (tensors(data=[5]), "all"),
    "another datatype": (tensors(datatype="CANARY", **DATA), "all"),
    "half precision": (tensors(datatype="FP16", **DATA), "all"),
    "outputs that are none": (json.dumps({"inputs": [], "outputs": ["CANARY"]}).encode(), "all"),
}


@pytest.mark.parametrize("name", BINARIES)
def test_bad_tensors_are_a_400_and_no_line_in_the_log(
    name: str, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    body, size = BINARIES[name]
    headers = {"inference-header-content-length": str(len(body)) if size == "all" else size}
    with caplog.at_level(logging.INFO):
        answer = ports.http.post(V2, content=body, headers=headers)
        assert (answer.status_code, list(answer.json())) == (400, ["error"])
        assert "\n" not in answer.json()["error"]
        assert predicts(ports)
    assert [record for record in caplog.records if record.name != "httpx"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is no JSON: "),
        (b"\xff", "the body is no JSON: "),
        (b"[" * 100_000, "the body is no JSON: "),
        (b"null", 'the body: expected {"instances": '),
        (b"[]", 'the body: expected {"instances": '),
        (b"{}", "instances: Field required"),
        (b'{"instances": 5}', "instances: Input should be a valid list"),
        (json.dumps({"instances": [PAIR | {"CANARY": 1}]}).encode(), "instances.0: a field that is not expected here"),
        (json.dumps({"instances": [PAIR], "CANARY": 1}).encode(), "the body: a field that is not expected here"),
        (b'{"instances": [' + b"0," * 1_000_000 + b"0]}", "1000001 pairs; expected 1 to 4 (predictor.max_pairs)"),
        (
            json.dumps(dict.fromkeys(map(str, range(300_000)), 1)).encode(),
            "the body: a field that is not expected here",
        ),
        (
            json.dumps({"instances": [PAIR, PAIR | dict.fromkeys(map(str, range(300_000)), 1)]}).encode(),
            "instances.1: a field that is not expected here",
        ),
        (
            json.dumps({"instances": [PAIR | {"text": "a" * 300_000}] * 2}).encode(),
            "texts of more than 500000 characters in all",
        ),
    ],
)
def test_a_bad_body_is_one_line_that_names_no_made_up_key_and_is_not_logged(
    body: bytes, message: str, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = ports.http.post(V1, content=body)
    assert (answer.status_code, answer.json()["error"][: len(message)]) == (400, message)
    assert "CANARY" not in answer.text
    assert [record for record in caplog.records if record.name != "httpx"] == []


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b'{"inputs": [' + b"0," * 1_900_000 + b"0]}", "inputs: expected at most 16 entries, found 1900001"),
        (b'{"inputs": [' + b"{}," * 1_200_000 + b"{}]}", "inputs: expected at most 16 entries, found 1200001"),
        (b'{"outputs": [' + b'"a",' * 900_000 + b"0]}", "outputs: expected at most 16 entries, found 900001"),
        (tensors(shape=["a"] * 300_000), "shape: expected at most 16 entries, found 300000"),
        (tensors(data=[[]] * 400_000), "data: expected a string for each pair, found a list"),
        (tensors(data=["a", {}]), "data: expected a string for each pair, found a list or an object"),
        (
            tensors(parameters=dict.fromkeys(map(str, range(99_999)))),
            "parameters: expected at most 16 entries, found 9",
        ),
        (
            json.dumps({"inputs": [], "parameters": dict.fromkeys(map(str, range(99_999)))}).encode(),
            "parameters: expected at most 16 entries, found 99999",
        ),
    ],
)
def test_a_body_with_a_million_faults_is_refused_before_each_is_listed(
    document: bytes, message: str, binary: bool, ports: Ports
) -> None:
    """Listing them took 48 seconds, in which nobody else was answered, not even the liveness probe."""
    headers = {"inference-header-content-length": str(len(document))} if binary else {}
    answer = ports.http.post(V2, content=document, headers=headers)
    assert (answer.status_code, answer.json()["error"][: len(message)]) == (400, message)


@pytest.mark.parametrize("path", [V1, V2])
def test_who_goes_away_in_mid_body_leaves_no_line_in_the_log(
    path: str, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        sent = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n".encode()
        for _ in range(3):
            with held_open(ports.http_port, 5, sent + b" " * 2000):
                assert predicts(ports)
        assert predicts(ports)
    assert [record for record in caplog.records if record.name != "httpx"] == []


def infer(*raw: bytes, datatype: str = "BYTES", shape: Sequence[int] = (1,), text: bytes | None = None) -> Any:
    contents = None if text is None else messages.InferTensorContents(bytes_contents=[text])
    inputs = [
        messages.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape, contents=contents)
        for name in ("concept", "text")
    ]
    return messages.ModelInferRequest(model_name=NAME, inputs=inputs, raw_input_contents=raw)


@pytest.mark.parametrize(
    "message",
    [
        messages.ModelInferRequest(model_name=NAME),
        infer(),
        infer(b"", b""),
        infer(b"\xff", b"\xff\xff\xff\xffCANARY"),
        infer(b"CANARY"),
        infer(b"CANARY", b"CANARY", text=b"CANARY"),
        infer(text=b"\xff"),
        infer(datatype="CANARY", text=b"red"),
        infer(shape=(), text=b"red"),
        infer(shape=(-1,), text=b"red"),
        infer(shape=(1 << 40,), text=b"red"),
        infer(struct.pack("<I", 0) * 500_000, struct.pack("<I", 0) * 500_000),
    ],
)
def test_a_bad_message_is_an_invalid_argument_and_no_line_in_the_log(
    message: Any, ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        status, words = rpc(ports.stub.ModelInfer, message)
    assert (status, "\n" in words) == (StatusCode.INVALID_ARGUMENT, False)
    assert [record for record in caplog.records if record.name != "httpx"] == []


def test_what_is_too_large_is_refused_over_both(ports: Ports) -> None:
    assert ports.http.post(V1, content=b" " * (LARGEST_BODY + 1)).status_code == 413
    large = infer(text=b"a" * LARGEST_BODY)
    assert rpc(ports.stub.ModelInfer, large)[0] == StatusCode.RESOURCE_EXHAUSTED


def test_of_a_failure_the_log_says_the_place_and_not_the_text(ports: Ports, caplog: pytest.LogCaptureFixture) -> None:
    answer = ports.http.post(V1, json={"instances": [PAIR | {"text": "fail"}]})
    assert (answer.status_code, answer.json()) == (500, {"error": "internal error"})
    failing = infer(text=b"fail")
    assert rpc(ports.stub.ModelInfer, failing) == (StatusCode.INTERNAL, "internal error")
    assert caplog.text.count("scoring failed: ValueError at ") == 2
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize("name", REQUESTS)
def test_whatever_is_sent_others_are_answered(name: str, ports: Ports, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for port in (ports.http_port, ports.grpc_port):
            answer = exchange(port, REQUESTS[name][0])
            assert b"HTTP/1.1 2" not in answer
            assert b"HTTP/1.1 5" not in answer
        assert predicts(ports)
        assert ports.stub.ServerLive(messages.ServerLiveRequest(), timeout=300).live
    assert [record for record in caplog.records if record.name != "httpx"] == []


@pytest.mark.parametrize(
    "sent", [b"", b"GET /v2 HTTP/1.1\r\n", f"POST {V1} HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n".encode()]
)
def test_while_strangers_hold_hundreds_of_connections_others_are_answered(ports: Ports, sent: bytes) -> None:
    with held_open(ports.http_port, 300, sent), held_open(ports.grpc_port, 300, b"PRI * HTTP/2.0\r\n"):
        for _ in range(20):
            assert httpx.get(f"{ports.http.base_url}/v2/health/live", timeout=300).status_code == 200
            assert ports.stub.ServerLive(messages.ServerLiveRequest(), timeout=300).live
            answer = ports.stub.ModelInfer(infer(text=b"red"), timeout=300)
            assert answer.outputs[0].contents.fp64_contents == [3.0]


def test_the_grpc_port_takes_so_many_connections_and_closes_those_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dict(kserve_grpc.OPTIONS)[kserve_grpc.CONNECTIONS_OPTION] == kserve_grpc.CONNECTIONS
    few = dict(kserve_grpc.OPTIONS) | {kserve_grpc.CONNECTIONS_OPTION: 8}
    monkeypatch.setattr(kserve_grpc, "OPTIONS", tuple(few.items()))

    async def closed() -> int:
        port = free_port()
        grpc = grpc_server(Plane(ScorerModel({"length": SOUND}, 4)), "127.0.0.1", port)
        await grpc.start()
        with held_open(port, 20, b"") as connections:
            # Those that are let in hear the server's settings.
            heard = await asyncio.gather(*(asyncio.to_thread(first_byte, each) for each in connections))
        await grpc.stop(None)
        return heard.count(b"")

    assert asyncio.run(closed()) == 12


def first_byte(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1)
    except ConnectionResetError:
        return b""


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=rf"predictor\.http_port: cannot listen on 127\.0\.0\.1:{port}: "):
            http_listener(Predictor(http_port=port))

        async def bind() -> None:
            grpc_server(Plane(ScorerModel({"length": SOUND}, 4)), "127.0.0.1", port)

        with pytest.raises(InputError, match=rf"predictor\.grpc_port: cannot listen on 127\.0\.0\.1:{port}"):
            asyncio.run(bind())


def test_it_listens_to_this_machine_alone_unless_configured() -> None:
    assert Predictor().host == "127.0.0.1"
