"""What KServe serves in a cluster, as engines and targets of seep.yaml."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import yaml
from pydantic import BaseModel, Field, ValidationError

from seep.explanations import mistake
from seep.suites.json_texts import parse_json

# The resources by their full names, each with its own way of saying what it serves.
INFERENCE, LLM = "inferenceservices.serving.kserve.io", "llminferenceservices.serving.kserve.io"
# Formats whose runtime has OpenAI's API, and where it has it.
HUGGING_FACE, OPENAI_PATH = "huggingface", "/openai/v1"
LONGEST_NAME = 40
# What an engine takes for its base_url.
ADDRESS = re.compile(r"https?://[^\s?#@\\]+")
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


# As Kubernetes names its objects: others could say anything in a file of settings.
ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


class _Metadata(BaseModel):
    name: ObjectName
    namespace: ObjectName


class _Object(BaseModel):
    metadata: _Metadata
    status: _Status = _Status()


class _Named(BaseModel):
    name: str | None = None


class _Container(BaseModel):
    args: list[str] | None = None


class _Model(_Container):
    format: _Named = Field(_Named(), alias="modelFormat")


class _Predictor(BaseModel):
    model: _Model | None = None
    containers: list[_Container] | None = None


class _InferenceSpec(BaseModel):
    predictor: _Predictor = _Predictor()


class _Inference(_Object):
    spec: _InferenceSpec = _InferenceSpec()


class _LlmSpec(BaseModel):
    model: _Named | None = None


class _Llm(_Object):
    spec: _LlmSpec = _LlmSpec()


class _Inferences(BaseModel):
    items: list[_Inference]


class _Llms(BaseModel):
    items: list[_Llm]


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
    listed = parse_json(text, resource)
    try:
        if resource == LLM:
            return list(map(_of_llm, _Llms.model_validate(listed).items))
        return list(map(_of_inference, _Inferences.model_validate(listed).items))
    except ValidationError as error:
        raise mistake(resource, error) from error


def _of_llm(found: _Llm) -> Served:
    model = found.spec.model or _Named()
    return _served(found, model.name or found.metadata.name, "/v1")


def _of_inference(found: _Inference) -> Served:
    model, containers = found.spec.predictor.model, found.spec.predictor.containers or []
    if model is not None:
        if model.format.name != HUGGING_FACE:
            why = f"its format is {model.format.name or 'none'}, which is no language model's"
            return Served(_place(found), found.metadata.name, why_not=why)
        return _served(found, _named(model.args) or found.metadata.name, OPENAI_PATH)
    named = [name for each in containers if (name := _named(each.args))]
    if not named:
        why = "a container that says no --served-model-name; connect it by hand"
        return Served(_place(found), found.metadata.name, why_not=why)
    return _served(found, named[0], "/v1")


def _served(found: _Object, model: str, path: str) -> Served:
    status = found.status
    inner = [each.url for each in (status.address, *status.addresses) if each is not None and each.url]
    urls = [url.rstrip("/") + path for url in [*inner, status.url] if url]
    why = "" if urls else "it has no address yet"
    if not all(map(ADDRESS.fullmatch, urls)):
        why = "its address is no http:// or https:// URL without user, query and fragment"
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
    given = arguments or ()
    for position, argument in enumerate(given):
        name, sign, value = argument.partition("=")
        if name in MODEL_NAME:
            return value if sign else next(iter(given[position + 1 :]), None)
    return None


def engines(found: Iterable[Served]) -> dict[str, Served]:
    """What can be asked, by a name for seep.yaml: its own, with its namespace where two have the same."""
    able = [each for each in found if not each.why_not]
    names = Counter(each.name for each in able)
    named: dict[str, Served] = {}
    for each in able:
        name = each.name if names[each.name] == 1 else each.place.replace("/", "-")
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
        yield f"  {_key(name)}:   # {each.place}"
        yield "    backend: openai"
        yield f"    base_url: {_quoted(each.base_url)}{outside}"
        yield f"    model: {_quoted(each.model)}"
    yield "targets:"
    yield from (f"  {_key(name)}: {{engine: {_key(name)}}}" for name in named)


def _key(name: str) -> str:
    """A model may be called `7` or `null`, which YAML takes for something else."""
    return name if yaml.safe_load(name) == name else _quoted(name)


def _quoted(text: str) -> str:
    """On one line, whatever it holds."""
    return str(yaml.safe_dump(text, default_style='"', width=math.inf)).rstrip("\n")
