"""The reference of seep.yaml, made from the settings."""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from seep.settings import Settings

HEAD = """# seep.yaml

Made from the settings by `python -m checks.references`; edits here are lost.

One file configures all services and the command. A variable of the environment goes over the file: its name is the
setting's, as `SEEP_KAFKA__BOOTSTRAP_SERVERS` for `kafka.bootstrap_servers`. `seep config check` checks a file.

NAME stands for a name of your own: up to 40 small letters, digits and hyphens.
"""
TABLE = "| setting | type | default | meaning |\n|---|---|---|---|"
FORMATS = {"path": "path", "file-path": "path of a file that is there", "uri": "URL", "regex": "regular expression"}
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def page() -> str:
    """The page in Markdown: a table for each section, in the order of the settings."""
    parts = [HEAD]
    for name, field in Settings.model_fields.items():
        inside = list(_models(field.annotation))
        place = f"{name}.NAME" if "dict[" in str(field.annotation) else name
        for model in inside:
            parts += _section(place, model, told_apart=len(inside) > 1)
    return "\n".join(parts)


def _section(place: str, model: type[BaseModel], told_apart: bool = False) -> Iterator[str]:
    """A section's table, then those of the sections within it."""
    which = f" ({_tag(model)})" if told_apart else ""
    yield f"## {place}{which}\n\n{inspect.cleandoc(model.__doc__ or '')}\n"
    schema = model.model_json_schema()
    inner = {name: list(_models(field.annotation)) for name, field in model.model_fields.items()}
    rows = [
        _row(name, schema["properties"][name], schema.get("required", ()))
        for name, models in inner.items()
        if not models
    ]
    if rows:
        yield "\n".join([TABLE, *rows, ""])
    for name, models in inner.items():
        for found in models:
            yield from _section(f"{place}.{name}", found)
    for found in _models(getattr(model, "__annotations__", {}).get("__pydantic_extra__")):
        yield from _section(f"{place}.NAME", found, told_apart=True)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that an annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _tag(model: type[BaseModel]) -> str:
    """The field that tells a section from others in the same place."""
    for name in ("backend", "kind"):
        if name in model.model_fields:
            return f"{name}: {get_args(model.model_fields[name].annotation)[0]}"
    raise ValueError(f"{model.__name__}: expected a field that tells it from others")


def _row(name: str, schema: Mapping[str, Any], required: Any) -> str:
    default = "required" if name in required else f"`{json.dumps(schema.get('default'))}`"
    cells = (f"`{name}`", _type(schema), default, schema.get("description", ""))
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _type(schema: Mapping[str, Any]) -> str:
    """A field's type in words, with what bounds it."""
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if "patternProperties" in schema:
        (values,) = schema["patternProperties"].values()
        return f"{_type(values)} by name"
    bounds = "".join(f" {sign} {schema[key]}" for key, sign in BOUNDS.items() if key in schema)
    return f"{FORMATS.get(schema.get('format', ''), schema['type'])}{bounds}"
