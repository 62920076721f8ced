"""What KServe serves becomes engines and targets; a kubectl that prints recorded objects stands in for a cluster."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from seep.settings import Settings
from tests.commands import Command
from tests.docs.blocks import PROJECT, blocks_of

GUIDE = PROJECT / "docs/guides/connect-an-endpoint.md"
READY = [{"type": "Ready", "status": "True"}]
# Without the packages of the environment, which take longer to find than this takes to run.
KUBECTL = """#!{python} -IS
import json, pathlib, sys
answers = json.loads(pathlib.Path({answers!r}).read_text())
pathlib.Path({calls!r}).open("a").write(json.dumps(sys.argv[1:]) + "\\n")
code, out, err = answers[sys.argv[2]]
sys.stdout.write(out); sys.stderr.write(err); sys.exit(code)
"""
INFERENCE, LLM = "inferenceservices.serving.kserve.io", "llminferenceservices.serving.kserve.io"
UNKNOWN = [1, "", 'error: the server doesn\'t have a resource type "x"\n']


def service(name: str, spec: dict[str, Any], namespace: str = "team-a", **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"seep": "watch"}, "uid": "u"}
    return {"kind": "K", "metadata": metadata, "spec": spec, "status": {"conditions": READY, **status}}


def model(kind: str, *arguments: str) -> dict[str, Any]:
    return {"predictor": {"model": {"modelFormat": {"name": kind}, "args": list(arguments), "runtime": "r"}}}


def address(name: str, namespace: str = "team-a") -> dict[str, Any]:
    inner = {"address": {"url": f"http://{name}-predictor.{namespace}.svc.cluster.local"}}
    return inner | {"url": f"http://{name}.{namespace}.example.com"}


def listed(*objects: dict[str, Any]) -> list[Any]:
    return [0, json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}), ""]


SERVICES = listed(
    service(
        "qwen", model("huggingface", "--model_name=qwen2.5", "--model_id=Qwen/Qwen2.5-7B-Instruct"), **address("qwen")
    ),
    service("plain", model("huggingface"), **address("plain")),
    service("iris", model("sklearn"), **address("iris")),
    service("custom", {"predictor": {"containers": [{"args": ["--served-model-name", "mine"]}]}}, **address("custom")),
    service("bare", {"predictor": {"containers": [{"image": "x"}]}}, **address("bare")),
    service("late", model("huggingface"), conditions=[{"type": "Ready", "status": "False", "message": "No\n GPU"}]),
    service("new", model("huggingface"), conditions=[]),
)
LLMS = listed(
    service(
        "llama",
        {"model": {"uri": "hf://meta-llama/L", "name": "meta-llama/L"}, "router": {}},
        url="http://gateway.example.com/team-a/llama",
    ),
    service("plain", {"model": {"uri": "hf://x"}}, "team-b", addresses=[{"url": "https://in.cluster/team-b/plain/"}]),
)


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what kubectl answers stands, by resource: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    answers = tmp_path / "answers.json"
    program = tmp_path / "kubectl"
    content = KUBECTL.format(python=sys.executable, answers=str(answers), calls=str(tmp_path / "calls"))
    program.write_text(content, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return answers


def test_language_models_become_engines_and_targets(command: Command, kubectl: Path) -> None:
    kubectl.write_text(json.dumps({INFERENCE: SERVICES, LLM: LLMS}))
    code, printed, complaint = command("discover", "--label", "seep=watch")
    assert code == 0
    settings = Settings.model_validate(yaml.safe_load(printed))
    assert {name: (str(engine.base_url), engine.model) for name, engine in settings.engines.items()} == {  # type: ignore[union-attr]
        "qwen": ("http://qwen-predictor.team-a.svc.cluster.local/openai/v1", "qwen2.5"),
        "team-a-plain": ("http://plain-predictor.team-a.svc.cluster.local/openai/v1", "plain"),
        "custom": ("http://custom-predictor.team-a.svc.cluster.local/v1", "mine"),
        "llama": ("http://gateway.example.com/team-a/llama/v1", "meta-llama/L"),
        "team-b-plain": ("https://in.cluster/team-b/plain/v1", "plain"),
    }
    assert list(settings.targets) == list(settings.engines)
    assert "# from outside the cluster: http://qwen.team-a.example.com/openai/v1" in printed
    assert complaint.splitlines() == [
        "team-a/iris: left out: its format is sklearn, which is no language model's",
        "team-a/bare: left out: a container that says no --served-model-name; connect it by hand",
        "team-a/late: left out: not ready: No GPU",
        "team-a/new: left out: it has no address yet",
    ]


def test_the_guide_shows_what_is_printed(command: Command, kubectl: Path) -> None:
    qwen = service("qwen", model("huggingface", "--model_name=qwen2.5"), **address("qwen"))
    kubectl.write_text(json.dumps({INFERENCE: listed(qwen), LLM: UNKNOWN}))
    [shown] = [block for block in blocks_of(GUIDE) if "seep discover" in block.text]
    [step] = shown.steps()
    assert command(*step.command.split()[1:])[1].splitlines() == step.shown


def test_label_and_namespace_choose(command: Command, kubectl: Path) -> None:
    kubectl.write_text(json.dumps({INFERENCE: UNKNOWN, LLM: LLMS}))
    assert command("discover", "--label", "a=b", "--namespace", "x")[0] == 0
    calls = [json.loads(line) for line in Path("calls").read_text().splitlines()]
    assert [call[1] for call in calls] == [INFERENCE, LLM]
    assert all({"--selector=a=b", "--namespace=x"} <= set(call) for call in calls)


def test_long_names_stay_apart(command: Command, kubectl: Path) -> None:
    names = [f"{'a' * 45}-{number}" for number in range(3)]
    kubectl.write_text(json.dumps({INFERENCE: UNKNOWN, LLM: listed(*(service(n, {}, url="http://x") for n in names))}))
    settings = Settings.model_validate(yaml.safe_load(command("discover")[1]))
    assert [engine.model for engine in settings.engines.values()] == names  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["true", "null", "7", "1e3", "0x1f", "2026-11-29", "on"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_name(command: Command, kubectl: Path, name: str) -> None:
    kubectl.write_text(json.dumps({INFERENCE: UNKNOWN, LLM: listed(service(name, {}, url="http://x"))}))
    settings = Settings.model_validate(yaml.safe_load(command("discover")[1]))
    assert list(settings.engines) == list(settings.targets) == [name]


@pytest.mark.parametrize("model_name", ["a'\nadmin: {}", 'a"b', "# a", "&a", "a: b", "\\n", "ä"])
def test_a_models_name_is_text_whatever_it_holds(command: Command, kubectl: Path, model_name: str) -> None:
    """Whoever may write an object in the cluster writes nothing else into the operator's settings."""
    found = listed(service("m", model("huggingface", f"--model_name={model_name}"), url="http://x"))
    kubectl.write_text(json.dumps({INFERENCE: found, LLM: UNKNOWN}))
    written = yaml.safe_load(command("discover")[1])
    assert list(written) == ["engines", "targets"]
    assert written["engines"]["m"]["model"] == model_name


@pytest.mark.parametrize(
    "url", ["http://x\napi: {token: a}", "file:///etc/passwd", "http://u:p@x", "http://x?a=1", "http://x#a", "x", "//x"]
)
@pytest.mark.parametrize("inner", [False, True])
def test_what_is_no_address_of_an_endpoint_is_left_out(command: Command, kubectl: Path, url: str, inner: bool) -> None:
    places = {"url": "http://fine", "address": {"url": url}} if inner else {"url": url}
    kubectl.write_text(json.dumps({INFERENCE: UNKNOWN, LLM: listed(service("m", {}, **places))}))
    code, printed, complaint = command("discover")
    assert (code, printed) == (4, "")
    assert complaint.startswith("team-a/m: left out: its address is no http:// or https:// URL")


@pytest.mark.parametrize(
    "spec",
    [
        {"predictor": []},
        {"predictor": {"model": "m"}},
        {"predictor": {"model": {"modelFormat": "huggingface"}}},
        {"predictor": {"containers": [3]}},
        {"predictor": {"model": {"args": "--model_name=m"}}},
    ],
)
def test_an_object_of_another_shape_is_one_line(command: Command, kubectl: Path, spec: dict[str, Any]) -> None:
    kubectl.write_text(json.dumps({INFERENCE: listed(service("m", spec)), LLM: UNKNOWN}))
    code, printed, complaint = command("discover")
    assert (code, printed, complaint.count("\n")) == (2, "", 1)
    assert complaint.startswith(f"seep: {INFERENCE}: items.0.spec.predictor")


@pytest.mark.parametrize("name", ["a\nb: {}", "", "A", "{a: b}", "a" * 300])
def test_what_is_no_objects_name_is_refused(command: Command, kubectl: Path, name: str) -> None:
    kubectl.write_text(json.dumps({INFERENCE: UNKNOWN, LLM: listed(service(name, {}, url="http://x"))}))
    code, printed, complaint = command("discover")
    assert (code, printed, complaint.count("\n")) == (2, "", 1)
    assert "items.0.metadata.name: expected a text that matches" in complaint


@pytest.mark.parametrize(
    ("answers", "code", "line"),
    [
        ({INFERENCE: UNKNOWN, LLM: UNKNOWN}, 2, "seep: the cluster knows no InferenceService and no LLMInference"),
        ({INFERENCE: [1, "", "E1 noise\nUnable to connect\n"]}, 2, f"seep: kubectl get {INFERENCE}: Unable to connect"),
        ({INFERENCE: [1, "", ""]}, 2, f"seep: kubectl get {INFERENCE}: it ended with 1"),
        ({INFERENCE: [0, "{", ""], LLM: UNKNOWN}, 2, f"seep: {INFERENCE}: expected a JSON object"),
        ({INFERENCE: [0, "{}", ""], LLM: UNKNOWN}, 2, f"seep: {INFERENCE}: items: expected, but missing"),
        ({INFERENCE: listed(), LLM: UNKNOWN}, 4, "no language model was found"),
    ],
)
def test_what_cannot_be_found_is_one_line(
    command: Command, kubectl: Path, answers: dict[str, Any], code: int, line: str
) -> None:
    kubectl.write_text(json.dumps(answers))
    found, printed, complaint = command("discover")
    assert (found, printed, complaint.count("\n")) == (code, "", 1)
    assert complaint.startswith(line)


def test_without_kubectl_it_says_so(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command("discover") == (2, "", "seep: kubectl: expected on the PATH, but missing\n")
