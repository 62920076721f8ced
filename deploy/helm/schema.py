"""The schema of the chart's values: what it says of `config` the settings say, the rest is written by hand.

`python -m deploy.helm.schema` brings values.schema.json up to date; a test fails where it is not.
"""

import json
from pathlib import Path
from typing import Any

from seep.settings import Settings

SCHEMA = Path(__file__).with_name("seep") / "values.schema.json"
PREFIX = "config."
WIDTH = 120

# The chart makes these sections, and these fields of others, from values of its own.
SECTIONS_OF_THE_CHART = ("kafka", "database", "api")
FIELDS_OF_THE_CHART = {
    "Worker": ("grace_seconds", "metrics_host", "metrics_port"),
    "Predictor": ("host", "http_port", "grpc_port"),
    "OpenAiEngine": ("api_key_file", "api_key_env", "proxy_credentials_file"),
    "Webhook": ("secret", "secret_file"),
}
# Names become parts of Kubernetes' names, which end in a letter or digit.
IDENTIFIER = "^[a-z0-9-]{1,40}$"
NAME = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
# Defaults are seep.yaml's to know; titles repeat names; formats are not checked.
LEFT_OUT = ("default", "title", "format")


def up_to_date(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with `config` as the settings have it."""
    settings = Settings.model_json_schema()
    definitions = settings["$defs"]
    for name, fields in FIELDS_OF_THE_CHART.items():
        for field in fields:
            del definitions[name]["properties"][field]
    for section in SECTIONS_OF_THE_CHART:
        del settings["properties"][section], definitions[section.capitalize()]
    del definitions["Topics"]
    config = {"type": "object", "additionalProperties": False, "properties": settings["properties"]}
    by_hand = {name: value for name, value in schema["$defs"].items() if not name.startswith(PREFIX)}
    of_settings = {PREFIX + name: _plain(value) for name, value in definitions.items()}
    properties = schema["properties"] | {"config": _plain(config)}
    return schema | {"properties": properties, "$defs": by_hand | of_settings}


def _plain(node: Any) -> Any:
    """What pydantic says, as a schema of values wants it."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "discriminator" in node:
        return _by_discriminator(node["discriminator"])
    kept: dict[str, Any] = {
        key: {name: _plain(value) for name, value in item.items()} if key == "properties" else _plain(item)
        for key, item in node.items()
        if key not in LEFT_OUT
    }
    if "$ref" in kept:
        kept["$ref"] = _reference(kept["$ref"])
    if "patternProperties" in kept:
        kept["patternProperties"] = {NAME: kept["patternProperties"].pop(IDENTIFIER)}
        kept["additionalProperties"] = False
    return kept


def _reference(reference: str) -> str:
    return reference.replace("#/$defs/", f"#/$defs/{PREFIX}")


def _by_discriminator(discriminator: dict[str, Any]) -> dict[str, Any]:
    """One of several objects, told apart by a field, so that a mistake is reported of the one that is meant."""
    field, mapping = discriminator["propertyName"], discriminator["mapping"]
    return {
        "type": "object",
        "required": [field],
        "properties": {field: {"enum": sorted(mapping)}},
        "allOf": [
            {"if": {"properties": {field: {"const": value}}}, "then": {"$ref": _reference(reference)}}
            for value, reference in sorted(mapping.items())
        ],
    }


def text(node: Any, indent: int = 0) -> str:
    """JSON in which whatever fits on a line is on one."""
    line = json.dumps(node)
    if len(line) + indent <= WIDTH or not isinstance(node, dict | list):
        return line
    inner = " " * (indent + 2)
    if isinstance(node, list):
        lines = [inner + text(item, indent + 2) for item in node]
        return "[\n" + ",\n".join(lines) + "\n" + " " * indent + "]"
    lines = [f"{inner}{json.dumps(key)}: {text(value, indent + 2)}" for key, value in node.items()]
    return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"


def main() -> None:
    """Writes the schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    SCHEMA.write_text(text(up_to_date(schema)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
