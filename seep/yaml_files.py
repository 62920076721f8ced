"""Reads YAML that people wrote: what it says is refused where the library would take something else, without a word."""

from collections.abc import Iterator
from typing import Any

import yaml

try:  # libyaml's parser is ten times faster, which imported suites of many hundred prompts need
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

# The library recurses, and so does whoever reads what it makes.
DEEPEST = 50
# Aliases write a document many times larger than its file.
LARGEST, LARGEST_GROWTH = 100_000, 10
TEXT, MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
# What the library's constructors raise for a value that is not of the kind that it looks like, or is tagged as.
MISFITS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class NotYaml(Exception):
    """A text is no YAML that can be read; `line` counts from 1. The message holds none of the document's values."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def parse_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """Return the nodes of a document, which know their lines, and its content; both None for an empty one.

    Raises NotYaml.
    """
    try:
        _refuse_depth(text)
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None, None
        _refuse_growth(root)
        _refuse_repeated_names(root)
        return root, loader.construct_document(root)
    except yaml.YAMLError as error:
        raise _not_yaml(error) from None


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise NotYaml(line, f"expected at most {DEEPEST} levels")


def _refuse_growth(root: yaml.Node) -> None:
    """Refuses aliases that make a document large or endless."""
    sizes: dict[int, int] = {}
    for node in _inside_out(root):
        sizes[id(node)] = 1 + sum(sizes[id(child)] for child in _children(node))
    if sizes[id(root)] > max(LARGEST, LARGEST_GROWTH * len(sizes)):
        raise NotYaml(1, "its aliases make it too large")


def _inside_out(root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once, after all that are in it."""
    done: set[int] = set()
    open_nodes = [(root, iter(_children(root)))]
    around = {id(root)}
    while open_nodes:
        node, children = open_nodes[-1]
        child = next((child for child in children if id(child) not in done), None)
        if child is None:
            open_nodes.pop()
            around.discard(id(node))
            done.add(id(node))
            yield node
        elif id(child) in around:
            raise NotYaml(child.start_mark.line + 1, "an alias stands in what it names")
        else:
            around.add(id(child))
            open_nodes.append((child, iter(_children(child))))


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _refuse_repeated_names(root: yaml.Node) -> None:
    """The library keeps the last of two fields of one name: a second `tests:` would silently lose the first."""
    for node in _inside_out(root):
        lines: dict[str, int] = {}
        for name, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            line = name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode) or name.tag not in (TEXT, MERGE):
                raise NotYaml(line, "expected a text as the name of a field: put it in quotes")
            if name.value in lines:
                first = lines[name.value]
                raise NotYaml(line, f"field {name.value} is there a second time, first in line {first}")
            lines[name.value] = line


def _not_yaml(error: yaml.YAMLError) -> NotYaml:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
    if "undefined alias" in what:
        what = "an alias of nothing that is named before it"
    elif "constructor for the tag" in what:
        what = "a tag that is not known here"
    return NotYaml(mark.line + 1 if mark else 1, f"not readable as YAML: {' '.join(what.split())}")


class _Loader(SafeLoader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except MISFITS as error:
            what = "a value that is no date, number or whatever it looks like: put it in quotes"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark) from error
