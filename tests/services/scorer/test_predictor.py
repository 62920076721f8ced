"""The predictor as its users meet it: a process, a real HTTP client and a real gRPC client."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from grpc import RpcError, StatusCode  # type: ignore[import-untyped]
from kserve import InferenceGRPCClient, InferInput, InferRequest
from kserve.errors import ModelNotReady

from seep.settings import MINILM
from services.scorer.frozen import SIMILARITIES
from services.scorer.kserve_model import ScorerModel
from services.scorer.similarity import Metric, Pair
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

PAIRS = [("yellow", "a school bus driver"), ("yellow", "doctor"), ("red", "")]
CONFIGURATION: dict[str, Any] = {
    "metrics": {"bert_score": {"model": "all-MiniLM-L6-v2", "scores": ["f1", "precision", "recall"]}},
    "scoring": {"dtype": "float32"},
    "predictor": {"max_pairs": 4},
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """HTTP and gRPC port of a predictor that is ready."""
    folder = tmp_path_factory.mktemp("predictor")
    ports = {"http_port": free_port(), "grpc_port": free_port()}
    configuration = folder / "seep.yaml"
    configuration.write_text(json.dumps(CONFIGURATION | {"predictor": CONFIGURATION["predictor"] | ports}))
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "services.scorer.predictor", "--config", str(configuration)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    try:
        wait_until(lambda: process.poll() is not None or answers(ports["http_port"]), seconds=300)
        assert process.poll() is None, (folder / "log").read_text()
        yield ports | {"log": folder / "log"}
    finally:
        process.terminate()
        assert process.wait(30) == 0


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v2/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def http(ports: dict[str, Any]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{ports['http_port']}", timeout=300) as client:
        yield client


@pytest.fixture(scope="module")
def expected(loaded_metrics: dict[str, Metric]) -> dict[str, Sequence[float]]:
    return {name: metric.exact(PAIRS) for name, metric in loaded_metrics.items()}


def test_v1_gives_every_metrics_similarity_of_each_pair(
    http: httpx.Client, expected: dict[str, Sequence[float]]
) -> None:
    body = {"instances": [{"concept": concept, "text": text} for concept, text in PAIRS]}
    answer = http.post("/v1/models/seep-scorer:predict", json=body)
    predictions = answer.json()["predictions"]
    assert answer.status_code == 200
    assert {name: [row[name] for row in predictions] for name in expected} == {
        name: pytest.approx(similarities, abs=1e-6) for name, similarities in expected.items()
    }
    assert predictions[2] == dict.fromkeys(expected, 0.0)


def test_v2_over_http_gives_a_tensor_per_metric(http: httpx.Client, expected: dict[str, Sequence[float]]) -> None:
    tensors = [
        {"name": name, "datatype": "BYTES", "shape": [len(PAIRS)], "data": list(side)}
        for name, side in zip(("concept", "text"), zip(*PAIRS, strict=True), strict=True)
    ]
    outputs = http.post("/v2/models/seep-scorer/infer", json={"inputs": tensors}).json()["outputs"]
    assert {output["name"]: output["data"] for output in outputs} == {
        name: pytest.approx(similarities, abs=1e-6) for name, similarities in expected.items()
    }
    assert {(output["datatype"], *output["shape"]) for output in outputs} == {("FP64", 3)}


def request(concepts: Sequence[str], texts: Sequence[str]) -> Any:
    inputs = []
    for name, values in (("concept", concepts), ("text", texts)):
        tensor = InferInput(name, [len(values)], "BYTES")
        tensor.set_data_from_numpy(np.array([value.encode() for value in values], object))
        inputs.append(tensor)
    return InferRequest("seep-scorer", inputs)


async def infer(ports: dict[str, Any], request: InferRequest) -> Any:
    client = InferenceGRPCClient(f"127.0.0.1:{ports['grpc_port']}")
    try:
        return await client.infer(request, timeout=300)
    finally:
        await client.close()


def test_v2_over_grpc_gives_a_tensor_per_metric(ports: dict[str, Any], expected: dict[str, Sequence[float]]) -> None:
    answer = asyncio.run(infer(ports, request(*zip(*PAIRS, strict=True))))
    assert {output.name: output.as_numpy().tolist() for output in answer.outputs} == {
        name: pytest.approx(similarities, abs=1e-6) for name, similarities in expected.items()
    }


def test_a_bad_grpc_request_is_an_invalid_argument(ports: dict[str, Any]) -> None:
    with pytest.raises(RpcError) as error:
        asyncio.run(infer(ports, request(["red"], ["bus", "rose"])))
    assert error.value.code() == StatusCode.INVALID_ARGUMENT
    assert error.value.details() == "inputs: 1 concepts, but 2 texts"


PAIR = {"concept": "red", "text": "bus"}
NESTED = "data: expected a string for each pair, found a list or an object"
TENSOR = {"name": "concept", "datatype": "BYTES", "shape": [1], "data": ["red"]}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v1/models/seep-scorer:predict", {}, "instances: Field required"),
        ("/v1/models/seep-scorer:predict", {"instances": []}, "0 pairs; expected 1 to 4 (predictor.max_pairs)"),
        ("/v1/models/seep-scorer:predict", {"instances": [PAIR] * 5}, "5 pairs; expected 1 to 4 (predictor.max_pairs)"),
        ("/v1/models/seep-scorer:predict", {"instances": [PAIR, {"text": ""}]}, "instances.1.concept: Field required"),
        (
            "/v1/models/seep-scorer:predict",
            {"instances": [PAIR | {"text": 5}]},
            "instances.0.text: Input should be a valid string",
        ),
        (
            "/v1/models/seep-scorer:predict",
            {"instances": [PAIR | {"text": "a" * 250_001}] * 2},
            "texts of more than 500000 characters in all",
        ),
        (
            "/v2/models/seep-scorer/infer",
            {"inputs": [TENSOR | {"name": name, "data": ["\ud83d"]} for name in ("concept", "text")]},
            "the body is no JSON: no low surrogate in string: line 1 column 78 (char 77)",
        ),
        ("/v2/models/seep-scorer/infer", {"inputs": 5}, "inputs: Input should be a valid array"),
        *(
            (
                "/v2/models/seep-scorer/infer",
                {"inputs": [TENSOR, TENSOR | {"name": "text", "shape": [len(data)], "data": data}]},
                expected,
            )
            for data, expected in (
                ([None], "inputs: text: expected 1 strings in UTF-8"),
                ([{"a": 1}], NESTED),
                ([["a", "b"], ["c", "d"]], NESTED),
            )
        ),
        (
            "/v2/models/seep-scorer/infer",
            {"inputs": [TENSOR]},
            "inputs: expected a tensor 'text' of datatype BYTES and shape (pairs,)",
        ),
        (
            "/v2/models/seep-scorer/infer",
            {"inputs": [TENSOR, TENSOR | {"name": "text", "shape": [2]}]},
            "inputs: text: expected 2 strings in UTF-8",
        ),
        (
            "/v2/models/seep-scorer/infer",
            {"inputs": [TENSOR, TENSOR | {"name": "text", "datatype": "FP32", "data": [1.0]}]},
            "inputs: expected a tensor 'text' of datatype BYTES and shape (pairs,)",
        ),
    ],
)
def test_a_bad_request_is_a_400_that_says_what_was_expected(
    path: str, body: dict[str, Any], message: str, http: httpx.Client
) -> None:
    # json.dumps escapes what httpx would refuse to send.
    answer = http.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"error": message})


def test_a_body_larger_than_any_request_is_refused_before_it_is_read(http: httpx.Client) -> None:
    answer = http.post("/v1/models/seep-scorer:predict", content=b" " * (5 << 20))
    assert answer.status_code == 413


def test_what_was_sent_is_in_no_log(http: httpx.Client, ports: dict[str, Any]) -> None:
    http.post("/v1/models/seep-scorer:predict", json={"instances": [{"concept": "a secret", "text": 5}]})
    http.post("/v2/models/seep-scorer/infer", json={"inputs": [TENSOR | {"data": ["a secret"]}]})
    assert "a secret" not in ports["log"].read_text()


def test_a_scorer_that_drifted_answers_nobody() -> None:
    def frozen(pairs: Sequence[Pair]) -> Sequence[float]:
        return SIMILARITIES[source]

    source = f"sentence_bert {MINILM}"
    sound = Metric(frozen, frozen, frozen, 0.0, source)
    drifted = replace(sound, afresh=lambda pairs: [1.0] * len(pairs))
    body = {"instances": [PAIR]}
    with pytest.raises(ModelNotReady):
        asyncio.run(ScorerModel({"sentence_bert": drifted}, 4).predict(body))
    assert not asyncio.run(ScorerModel({"sentence_bert": drifted}, 4).healthy())
    assert asyncio.run(ScorerModel({"sentence_bert": sound}, 4).healthy())


def test_health_and_readiness(http: httpx.Client) -> None:
    assert http.get("/v2/health/live").status_code == 200
    assert http.get("/v2/models/seep-scorer/ready").status_code == 200
    assert http.get("/v1/models/seep-scorer").json() == {"name": "seep-scorer", "ready": True}
    assert http.post("/v1/models/another:predict", json={"instances": [PAIR]}).status_code == 404
    assert 'seep_scorer_canary_max_error{metric="sentence_bert"}' in http.get("/metrics").text
