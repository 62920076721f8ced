"""The reference of the chart's values, made from values.yaml with its comments, and from its schema."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[1] / "deploy" / "helm" / "seep"
HEAD = """# Chart values

Made from `deploy/helm/seep/values.yaml` and its schema by `python -m checks.references`; edits here are lost.

Helm refuses values that the schema does not know. `config` is seep.yaml: see [its reference](configuration.md).
"""
TABLE = "| value | type | default | meaning |\n|---|---|---|---|"
KEY = re.compile(r"( *)([A-Za-z]+):(?: (.*))?$")


@dataclass(frozen=True)
class Value:
    """A value of the chart: its path, the comment above it, and what it is if nobody sets it."""

    path: tuple[str, ...]
    comment: str
    default: Any


def page() -> str:
    """The page in Markdown: a table of each group of values, in the order of values.yaml."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    parts = [HEAD]
    for group, inside in groupby(values(text), lambda value: value.path[0]):
        rows = [_row(value, _described(schema, value.path)) for value in inside]
        parts.append("\n".join([f"## {group}\n", TABLE, *rows, ""]))
    return "\n".join(parts)


def values(text: str) -> Iterator[Value]:
    """All values with a default of their own; a group's comment goes to its first value if that has none."""
    loaded, path, comment = yaml.safe_load(text), list[str](), list[str]()
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            comment.append(line.strip().removeprefix("#").strip())
        elif not line.strip():
            comment = []
        elif match := KEY.match(line):
            depth = len(match[1]) // 2
            path[depth:] = [match[2]]
            default = _at(loaded, path)
            if not (isinstance(default, dict) and default and match[3] is None):
                yield Value(tuple(path), " ".join(comment), default)
                # requests and limits share the comment above them.
                comment = comment if match[2] == "requests" else []
            elif match[2] != "resources":
                comment = comment if depth else []


def _at(values: Any, path: list[str]) -> Any:
    for key in path:
        values = values[key]
    return values


def _described(schema: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    """What the schema says of a value; references are followed."""
    found: Any = schema
    for key in path:
        found = _resolved(schema, found).get("properties", {}).get(key, {})
    described: Mapping[str, Any] = _resolved(schema, found)
    return described


def _resolved(schema: Mapping[str, Any], node: Any) -> Any:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


def _type(described: Mapping[str, Any], default: Any) -> str:
    if "enum" in described:
        return ", ".join(f"`{value}`" if value else "empty" for value in described["enum"])
    kind = described.get("type")
    if isinstance(kind, list):
        return " or ".join(kind)
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    return kind or names.get(type(default), "")


def _row(value: Value, described: Mapping[str, Any]) -> str:
    default = json.dumps(value.default)
    cells = (f"`{'.'.join(value.path)}`", _type(described, value.default), f"`{default}`", value.comment)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
