"""Reads and writes suites as YAML, and says of a file that is none of them which line is wrong."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from seep.errors import InputError
from seep.explanations import explained
from seep.probes import DEFAULT_PROBE, PROBES
from seep.suites.notes import Location
from seep.suites.schema import AnySuite
from seep.suites.writing import write_files
from seep.text_files import decoded
from seep.text_files import line_of as undecodable_line
from seep.yaml_files import NotYaml, parse_yaml


@dataclass(frozen=True)
class Problem:
    """What keeps a file from being a suite; `line` counts from 1."""

    line: int
    message: str


@dataclass(frozen=True)
class ParsedSuite:
    """A suite with the YAML it was read from, or the problems that the file has (then `suite` is None)."""

    suite: AnySuite | None
    root: yaml.Node | None
    problems: tuple[Problem, ...]


def load_suite(path: Path) -> AnySuite:
    """Return the suite in a YAML file; InputError names file, line, field and what was expected."""
    parsed = parse_suite(path)
    if parsed.suite is None:
        first, *others = parsed.problems
        more = f" (and {len(others)} more: see `seep suites lint {path}`)" if others else ""
        raise InputError(f"{path}:{first.line}: {first.message}{more}")
    return parsed.suite


def dump_suite(suite: AnySuite, path: Path) -> None:
    """Write a suite as YAML, the whole file at once; InputError where it cannot be written."""
    write_files({path: suite_text(suite)})


def suite_text(suite: AnySuite) -> str:
    """Return a suite as YAML in block style, one line per text, the fields in the order of the schema."""
    content = suite.model_dump(exclude_none=True)
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"), default_flow_style=False
    )


def parse_suite(path: Path) -> ParsedSuite:
    """Return the suite in a YAML file, or all the problems that the file has, in the order of its lines."""
    try:
        root, content = parse_yaml(decoded(path.read_bytes()))
    except OSError as error:
        return _no_suite(Problem(1, f"the file cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        return _no_suite(Problem(undecodable_line(error), "expected text in UTF-8"))
    except NotYaml as error:
        return _no_suite(Problem(error.line, str(error)))
    if root is None or not isinstance(content, dict):
        return _no_suite(Problem(1, "expected a suite: a mapping with name, version, format, decoding and jobs"))
    return _validated(content, root)


def line_of(root: yaml.Node, location: Location) -> int:
    """Return the line, from 1, of a field of the document, or of the innermost part of `location` that is there."""
    node, line = root, root.start_mark.line
    for step in location:
        child = _child(node, step)
        if child is None:
            break
        line, node = child
    return line + 1


def _child(node: yaml.Node, step: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step].start_mark.line, node.value[step]
    return None


def _no_suite(*problems: Problem) -> ParsedSuite:
    return ParsedSuite(None, None, tuple(sorted(problems, key=lambda problem: problem.line)))


def _validated(content: dict[Any, Any], root: yaml.Node) -> ParsedSuite:
    probe = content.get("probe", DEFAULT_PROBE)
    known = PROBES.get(probe) if isinstance(probe, str) else None
    if known is None:
        return _no_suite(Problem(line_of(root, ["probe"]), f"probe: expected {' or '.join(PROBES)}, found {probe}"))
    try:
        return ParsedSuite(known.suite.model_validate(content), root, ())
    except ValidationError as error:
        return _no_suite(*(Problem(line_of(root, found["loc"]), _explanation(found)) for found in error.errors()))


def _explanation(found: ErrorDetails) -> str:
    field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found["loc"]).lstrip(".")
    given = found["input"]
    if found["type"] == "string_type" and isinstance(given, int | float | date):
        what = f"expected text, found {given}: put it in quotes"
    else:
        what = explained(found)
    return f"{field}: {what}" if field else what


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # a list's dashes stand below its name, not beside it

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if re.search("[\r\x85\u2028\u2029]", text):  # other styles turn these line ends into plain ones
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
