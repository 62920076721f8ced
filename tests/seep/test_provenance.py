"""A run is mixed if its jobs differ, or if one of them does within itself."""

from collections.abc import Mapping, Sequence

import pytest

from seep.provenance import LONGEST_ENTRY, bounded, described, is_mixed


@pytest.mark.parametrize(
    ("provenances", "mixed"),
    [
        ([], False),
        ([{"model": "m"}], False),
        ([{"answered_by": "m-1"}, {"answered_by": "m-2"}], True),
        ([{"model": "m", "answered_by": "m-1"}, {"model": "m"}], False),
        ([{"model": "m", "answered_by": "m-1"}, {"model": "n"}], True),
        # Every job was answered by both, so that no two jobs differ.
        ([{"answered_by": "m-1 | m-2", "mixed": "answered_by"}], True),
    ],
)
def test_a_run_is_mixed(provenances: Sequence[Mapping[str, str]], mixed: bool) -> None:
    assert is_mixed(provenances) is mixed


def test_what_is_too_long_is_told_by_its_beginning_and_its_digest_and_never_makes_a_job_too_large() -> None:
    long, other = "é" * 1_000_000, "é" * 999_999 + "e"
    kept = bounded({"model": "m" * LONGEST_ENTRY, "prompt_format": long})
    assert kept["model"] == "m" * LONGEST_ENTRY
    assert kept["prompt_format"].startswith("é" * 200 + "... (1000000 characters, sha256:")
    assert len(kept["prompt_format"]) < 400
    assert bounded({"prompt_format": other})["prompt_format"] != kept["prompt_format"]
    assert bounded(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", "none", '["x"]', "1", "[" * 100_000, '{"a":' * 100_000, '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'),
        '{"a": ' + "9" * 5000 + "}",
        bounded({"prompt_format": f'{{"system": "{"long " * 2000}"}}'})["prompt_format"],
    ],
)
def test_an_entry_that_is_no_object_of_json_says_nothing(text: str) -> None:
    assert described({"prompt_format": text}, "prompt_format") == {}


def test_an_entry_that_is_an_object_is_read() -> None:
    assert described({"decoding": '{"temperature": 0.5}'}, "decoding") == {"temperature": 0.5}
    assert described({}, "decoding") == {}
