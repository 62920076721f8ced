"""What a parser of something from outside is, and what has broken such parsers somewhere."""

import atexit
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import strategies as st

from seep.errors import InputError

# What has broken such parsers somewhere.
PIECES = (
    # Deeper than Python calls itself, and not.
    *(b"[" * 2000, b"{" * 2000, b'{"a":' * 2000, b"- " * 2000, b"a: {" * 2000),
    *(b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1b[31m", b"\x1d", b"\x85", b"\xe2\x80\xa8"),
    *(b"[" * 200, b"{" * 200, b'{"a":' * 200, b'"\\ud800"', b"1e999", b"NaN", b"-Infinity", b"9" * 5000, b"1e400"),
    *(b"*a", b"&a ", b"<<: *a", b"!!binary x", b"!!python/object:a b", b"!!set {a}", b"? [a]\n: b", b"2026-13-45"),
    *(b"0x1F", b"1_000", b".inf", b"~", b"null", b"true", b"{}", b"[]", b'""', b"'", b'"', b",", b":", b"\n", b"\r\n"),
    *(
        b"\t",
        b"=1+1",
        b"#N/A",
        b"_x000D_",
        b"<!DOCTYPE a>",
        b"&lt;",
        b"<title>",
        b"%",
        b"\xc2\xad",
        b"- ",
        b"\xf0\x9f\x98\x80",
    ),
    *(b"\x80\x80\x80\x80\x10", b"\x0a\xff\xff\xff\xff\x0f", b"Sat, 28 Nov 2026 25:61:61 GMT", b"-1", b"0.1"),
    b"\xf0\x9f\x98\x80",
)


@dataclass(frozen=True)
class Parser:
    """`parse` takes any bytes; `declared` are the errors that say what is wrong with them."""

    parse: Callable[[bytes], object]
    declared: type[Exception] | tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]


@cache
def folder() -> Path:
    """Where inputs lie that are read from files; one process's own, which goes with it."""
    made = Path(mkdtemp(prefix="seep-fuzz-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def from_file(suffix: str, *reads: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Writes the input to a file, and reads it in each of these ways; raises what the last raises."""

    def parse(data: bytes) -> None:
        path = folder() / f"input{suffix}"
        path.write_bytes(data)
        for read in reads[:-1]:
            with suppress(InputError):
                read(path)
        reads[-1](path)

    return parse


EDITS = st.lists(
    st.tuples(
        st.integers(0, 5000),
        st.sampled_from([0, 0, 1, 2, 8, 100]),
        st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)),
    ),
    max_size=6,
)


def inputs(parser: Parser) -> st.SearchStrategy[bytes]:
    """Its seeds with pieces of them replaced, and bytes of any kind."""
    return st.one_of(st.builds(mutated, st.sampled_from(parser.seeds), EDITS), st.binary(max_size=200))


def mutated(seed: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """The seed with bytes replaced, each edit being (place, length that goes, what comes)."""
    data = seed
    for place, length, piece in edits:
        at = place % (len(data) + 1)
        data = data[:at] + piece + data[at + length :]
    return data


def is_declared(parser: Parser, data: bytes) -> bool:
    """Whether the input is taken, or refused with a declared error of one line; raises whatever else comes of it."""
    try:
        parser.parse(data)
    except parser.declared as error:
        return re.search(r"[\r\n]", str(error)) is None
    return True
