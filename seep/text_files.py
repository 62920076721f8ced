"""Text files as other programs write them: in UTF-8, or in what their byte order mark says."""

import codecs
from pathlib import Path

from seep.errors import InputError

# UTF-32's mark begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(content: bytes) -> str:
    """The text of a file's content, without its byte order mark; UnicodeDecodeError if it is not what it should be."""
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in content[:2]:
        raise UnicodeDecodeError("utf-8", content, 0, 2, "UTF-16 without its byte order mark")
    return content.decode(encoding)


def line_of(error: UnicodeDecodeError) -> int:
    """The line, from 1, with the first character that is none."""
    return error.object.count(b"\n", 0, error.start) + 1


def read_text(path: Path) -> str:
    """The text of a file with the line ends that it has.

    InputError names the file, and the line where it is not in UTF-8.
    """
    try:
        return decoded(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:{line_of(error)}: expected text in UTF-8: {error.reason}") from error
