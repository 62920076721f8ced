"""The reference of the HTTP API, made from its OpenAPI document."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seep.settings import Api, Settings

HEAD = """# HTTP API

Made from the routes by `python -m checks.references`; edits here are lost.

`python -m services.api` serves results as JSON and only reads the database (rights: SELECT).
The aggregator makes the schema.
If a token is configured, everything but `/healthz` and `/readyz` wants `Authorization: Bearer TOKEN`.
Without a token, an API that listens on 127.0.0.1 answers 421 if `Host` is not localhost or an IP address.
A statement that the database does not answer within four seconds ends in a 503.
If 64 requests wait for the database, a further one gets a 503 at once.
A request that is not whole within ten seconds loses its connection.

Lists come in pages of `limit`; a page's `next` is the `after` of the following one.
What is wrong is one line in `detail`.
`/v1/openapi.json` holds all of this as an OpenAPI document.
"""


def page() -> str:
    """The page in Markdown: every route with its parameters and answers, then every record that answers hold."""
    document = openapi()
    parts = [HEAD, "## Routes\n"]
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            parts += _route(f"{method.upper()} {path}", route)
    parts.append("## Records\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += _record(name, schema)
    return "\n".join(parts)


def openapi() -> dict[str, Any]:
    """The API's own document, as with a token configured."""
    from services.api.application import application

    database: Any = None  # no route is asked for anything
    return application(database, Settings(api=Api(token="token"))).openapi()


def _route(name: str, route: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{_one_line(route.get('description', route['summary']))}\n"
    parameters = [
        (f"`{parameter['name']}`", _type(parameter["schema"]), parameter.get("description", ""))
        for parameter in route.get("parameters", ())
    ]
    if parameters:
        yield _table(("parameter", "type", "meaning"), parameters)
    answers = [
        (code, _answer_type(answer), answer["description"])
        for code, answer in sorted(route["responses"].items())
        if code == "200" or answer.get("description")
    ]
    yield _table(("status", "answer", "meaning"), answers)


def _answer_type(answer: Mapping[str, Any]) -> str:
    content = answer.get("content", {}).get("application/json", {})
    return _type(content["schema"]) if "schema" in content else ""


def _record(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if "description" in schema:
        yield f"{_one_line(schema['description'])}\n"
    fields = [(f"`{field}`", _type(kind)) for field, kind in schema.get("properties", {}).items()]
    if fields:
        yield _table(("field", "type"), fields)


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in words: `text or null`, `list of LeakRate`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "prefixItems" in schema:
        return f"[{', '.join(map(_type, schema['prefixItems']))}]"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"{_type(schema['additionalProperties'])} by name"
    kind = str(schema.get("type", "any"))
    return {"string": "text", "integer": "whole number"}.get(kind, kind)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, *rows]
    first, *others = [f"| {' | '.join(map(_cell, line))} |" for line in lines]
    return "\n".join([first, "|---" * len(head) + "|", *others, ""])


def _cell(text: str) -> str:
    return _one_line(text).replace("|", r"\|")


def _one_line(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split())
