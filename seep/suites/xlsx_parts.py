"""The parts of an Excel workbook (.xlsx): XML documents in a ZIP archive, read in memory that their sizes bound."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from xml.parsers import expat
from zipfile import ZipFile

from seep.suites.number_formats import BUILT_IN

LARGEST_PART = 32 << 20
DEEPEST = 64
CHUNK = 1 << 16
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
NOTHING: Mapping[str, str] = {}


class Event(NamedTuple):
    """A start, an end, or a text of an XML document, by the local names of its element and of the one around it."""

    kind: str
    name: str
    parent: str
    text: str = ""
    attributes: Mapping[str, str] = NOTHING


@dataclass(frozen=True)
class Entry:
    """A sheet as the workbook lists it, and the part that holds its cells."""

    name: str
    hidden: bool
    part: str


def events(archive: ZipFile, part: str) -> Iterator[Event]:
    """The document of a part, piece by piece; texts that say how another is read aloud are left out.

    ValueError for a document that no program writes; of what is damaged, the errors of `zipfile` and `expat`.
    """
    if archive.getinfo(part).file_size > LARGEST_PART:
        raise ValueError(f"{part}: unpacked it has more than {LARGEST_PART >> 20} MiB")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    around = ["", ""]
    found: list[Event] = []
    local = _LocalNames()

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(around) > DEEPEST:
            raise ValueError(f"{part}: elements in elements, {DEEPEST} deep")
        around.append(local[name])
        named = {local[attribute]: value for attribute, value in attributes.items()}
        found.append(Event("start", around[-1], around[-2], attributes=named))

    def end(name: str) -> None:
        found.append(Event("end", around.pop(), around[-1]))

    def text(text: str) -> None:
        if "rPh" not in around:
            found.append(Event("text", around[-1], around[-2], text=text))

    def doctype(*declared: object) -> None:
        raise ValueError(f"{part}: a document type, which no workbook has")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            parser.Parse(chunk)
            yield from found
            found.clear()
    parser.Parse(b"", True)
    yield from found


class _LocalNames(dict[str, str]):
    """Names without their namespaces; a document has few of them, and uses each often."""

    def __missing__(self, name: str) -> str:
        self[name] = name.rpartition(" ")[2]
        return self[name]


def _relations(archive: ZipFile, part: str) -> Iterator[tuple[str, str, str]]:
    """Id, kind and name of the parts that a part refers to."""
    folder, name = posixpath.split(part)
    for event in events(archive, posixpath.join(folder, "_rels", f"{name}.rels")):
        if (event.kind, event.name) == ("start", "Relationship") and event.attributes.get("TargetMode") != "External":
            target = event.attributes["Target"]
            target = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            yield event.attributes["Id"], event.attributes["Type"], target


def related(archive: ZipFile, part: str, kind: str) -> list[str]:
    """The names of the parts of a kind, as `/styles`, that a part refers to; the archive's own part is ""."""
    return [target for _, found, target in _relations(archive, part) if found.endswith(kind)]


def entries(archive: ZipFile, book: str) -> tuple[list[Entry], bool]:
    """The sheets with cells, and whether days are counted from 1904."""
    parts = {key: target for key, kind, target in _relations(archive, book) if kind.endswith("/worksheet")}
    entries, from_1904 = [], False
    for event in events(archive, book):
        if event.kind == "start" and event.name == "workbookPr":
            from_1904 = event.attributes.get("date1904") in ("1", "true")
        if event.kind == "start" and event.name == "sheet" and event.attributes.get("id") in parts:
            hidden = event.attributes.get("state", "visible") != "visible"
            entries.append(Entry(event.attributes["name"], hidden, parts[event.attributes["id"]]))
    return entries, from_1904


def strings(archive: ZipFile, part: str) -> Iterator[str]:
    """The texts that cells share."""
    texts: list[str] = []
    for event in events(archive, part):
        if event.kind == "text" and event.name == "t":
            texts.append(event.text)
        elif event.kind == "end" and event.name == "si":
            yield unescaped("".join(texts))
            texts = []


def formats(archive: ZipFile, part: str) -> Iterator[str | None]:
    """The number format of each style; None for one that depends on the region that Excel is set to."""
    own: dict[int, str] = {}
    for event in events(archive, part):
        if event.kind == "start" and (event.name, event.parent) == ("numFmt", "numFmts"):
            own[int(event.attributes["numFmtId"])] = event.attributes["formatCode"]
        elif event.kind == "start" and (event.name, event.parent) == ("xf", "cellXfs"):
            number = int(event.attributes.get("numFmtId", "0"))
            yield own.get(number, BUILT_IN.get(number))


def unescaped(text: str) -> str:
    """The text with what XML cannot hold in its place, and with line breaks as Unix has them."""
    if "_x" in text:
        text = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        # Half a character is written as such an escape too; two halves make one.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
