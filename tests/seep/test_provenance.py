"""A run is mixed if its jobs differ, or if one of them does within itself."""

from collections.abc import Mapping, Sequence

import pytest

from seep.provenance import LONGEST_ENTRY, bounded, is_mixed


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
