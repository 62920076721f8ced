"""What a log may hold of names and errors that others chose."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest

from seep.runtime.log_lines import LINE, OneLine

FORGED = "run\n2026-01-01 00:00:00,000 INFO seep: all is well\x1b[2J\u2028\u202e"


@pytest.fixture
def written() -> StringIO:
    return StringIO()


@pytest.fixture
def log(written: StringIO) -> Iterator[logging.Logger]:
    logger = logging.getLogger("forged")
    handler = logging.StreamHandler(written)
    handler.setFormatter(OneLine(LINE))
    logger.addHandler(handler)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)


def test_a_name_forges_no_line_and_moves_no_cursor(log: logging.Logger, written: StringIO) -> None:
    log.warning("run %s: dropped", FORGED)
    [line] = written.getvalue().splitlines()
    assert line.endswith(
        "WARNING forged: run run\\n2026-01-01 00:00:00,000 INFO seep: all is well\\x1b[2J\\u2028\\u202e: dropped"
    )


def test_the_lines_of_an_exception_are_indented(log: logging.Logger, written: StringIO) -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        log.exception("failed")
    first, *others = written.getvalue().splitlines()
    assert first.endswith("ERROR forged: failed")
    assert all(line.startswith("  ") for line in others)
    assert "\x1b" not in written.getvalue()
