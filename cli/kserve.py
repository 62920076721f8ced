"""What KServe serves in a cluster, as engines and targets of seep.yaml."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from seep.explanations import mistake
from seep.suites.json_texts import parse_json

# The resources by their full names, each with its own way of saying what it serves.
INFERENCE, LLM = "inferenceservices.serving.kserve.io", "llminferenceservices.serving.kserve.io"
# Formats whose runtime has OpenAI's API, and where it has it.
HUGGING_FACE, OPENAI_PATH = "huggingface", "/openai/v1"
LONGEST_NAME = 40
# The arguments of a server's container that name its model.
MODEL_NAME = ("--model_name", "--model-name", "--served-model-name", "--served_model_name")


class _Url(BaseModel):
    url: str | None = None


class _Condition(BaseModel):
    type: str
    status: str
    message: str = ""


class _Status(BaseModel):
    url: str | None = None
    address: _Url | None = None
    addresses: list[_Url] = []
    conditions: list[_Condition] = []


class _Metadata(BaseModel):
    name: str
    namespace: str


class _Object(BaseModel):
    metadata: _Metadata
    spec: dict[str, Any] = {}
    status: _Status = _Status()


class _Listed(BaseModel):
    items: list[_Object]


@dataclass(frozen=True)
class Served:
    """A model that is served; `base_url` is for a pod of the cluster, `outside` for others where there is another.

    `why_not` says why it cannot be asked, and is empty where it can.
    """

    place: str
    name: str
    model: str = ""
    base_url: str = ""
    outside: str = ""
    why_not: str = ""


def served(text: str, resource: str) -> list[Served]:
    """What the objects of a resource serve, as `kubectl get RESOURCE -o json` prints them; raises InputError."""
    try:
        objects = TypeAdapter(_Listed).validate_python(parse_json(text, resource)).items
    except ValidationError as error:
        raise mistake(resource, error) from error
    return [(_of_llm if resource == LLM else _of_inference)(each) for each in objects]


def _of_llm(found: _Object) -> Served:
    model = found.spec.get("model") or {}
    return _served(found, str(model.get("name") or found.metadata.name), "/v1")


def _of_inference(found: _Object) -> Served:
    predictor = found.spec.get("predictor") or {}
    model, containers = predictor.get("model"), predictor.get("containers") or []
    if model is not None:
        kind = (model.get("modelFormat") or {}).get("name", "none")
        if kind != HUGGING_FACE:
            why = f"its format is {kind}, which is no language model's"
            return Served(_place(found), found.metadata.name, why_not=why)
        return _served(found, _named(model.get("args")) or found.metadata.name, OPENAI_PATH)
    named = [name for each in containers if (name := _named(each.get("args")))]
    if not named:
        why = "a container that says no --served-model-name; connect it by hand"
        return Served(_place(found), found.metadata.name, why_not=why)
    return _served(found, named[0], "/v1")


def _served(found: _Object, model: str, path: str) -> Served:
    status = found.status
    inner = [each.url for each in (status.address, *status.addresses) if each is not None and each.url]
    urls = [url.rstrip("/") + path for url in [*inner, status.url] if url]
    why = "" if urls else "it has no address yet"
    for condition in status.conditions:
        if condition.type == "Ready" and condition.status != "True":
            why = f"not ready{f': {condition.message}' if condition.message else ''}"
    base = urls[0] if urls else ""
    outside = urls[-1] if urls and urls[-1] != base else ""
    return Served(_place(found), found.metadata.name, model, base, outside, " ".join(why.split()))


def _place(found: _Object) -> str:
    return f"{found.metadata.namespace}/{found.metadata.name}"


def _named(arguments: Sequence[str] | None) -> str | None:
    """The value of an argument that names the model, written as `--name=value` or in two."""
    given = [str(argument) for argument in arguments or ()]
    for position, argument in enumerate(given):
        name, sign, value = argument.partition("=")
        if name in MODEL_NAME:
            return value if sign else next(iter(given[position + 1 :]), None)
    return None


def engines(found: Iterable[Served]) -> dict[str, Served]:
    """What can be asked, by a name for seep.yaml: its own, with its namespace where two have the same."""
    able = [each for each in found if not each.why_not]
    names = [each.name for each in able]
    named: dict[str, Served] = {}
    for each in able:
        name = each.name if names.count(each.name) == 1 else each.place.replace("/", "-")
        named[_free(name, named)] = each
    return named


def _free(name: str, taken: Mapping[str, object]) -> str:
    """The name, cut to what seep.yaml takes, and numbered where the cut one is taken."""
    cut = name.replace(".", "-")[:LONGEST_NAME].strip("-")
    number = 2
    while cut in taken:
        cut = f"{cut[: LONGEST_NAME - 3].rstrip('-')}-{number}"
        number += 1
    return cut


def sections(named: Mapping[str, Served]) -> Iterator[str]:
    """The sections `engines` and `targets` of seep.yaml, line by line."""
    yield "engines:"
    for name, each in named.items():
        outside = f"   # from outside the cluster: {each.outside}" if each.outside else ""
        yield f"  {name}:   # {each.place}"
        yield "    backend: openai"
        yield f"    base_url: {_quoted(each.base_url)}{outside}"
        yield f"    model: {_quoted(each.model)}"
    yield "targets:"
    yield from (f"  {name}: {{engine: {name}}}" for name in named)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
