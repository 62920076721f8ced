"""No lock holds a version that is known to be weak, and one that did would be found."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from checks.advisories import JARS, LOCKS, LONGEST_UNREVIEWED, REVIEWED, affected, audited, out_of_date, packages
from checks.advisories import reviewed_list as read

LIST = """
reviewed = 2026-01-31
[[advisory]]
id = "CVE-1"
package = "leaky"
affected = ">=1.0,<1.4.2"
decision = "updated"
[[advisory]]
id = "CVE-2"
package = "borne"
affected = "<3"
decision = "accepted"
reason = "it is not reached"
"""


def test_the_locks_hold_nothing_that_is_known_to_be_affected() -> None:
    _, known = read(REVIEWED.read_text(encoding="utf-8"))
    found = list(packages(LOCKS, JARS))
    assert len({package.name for package in found}) > 100
    assert list(affected(known, found)) == []


@pytest.mark.parametrize(("version", "found"), [("0.9", False), ("1.0", True), ("1.4.1.post1", True), ("1.4.2", False)])
def test_an_affected_version_is_found_in_a_lock_and_among_jars(tmp_path: Path, version: str, found: bool) -> None:
    (tmp_path / "some.txt").write_text(f"leaky=={version} \\\n    --hash=sha256:00\nborne==2\n", encoding="utf-8")
    (tmp_path / f"leaky-{version}.jar").touch()
    _, known = read(LIST)
    lines = list(affected(known, list(packages(tmp_path, tmp_path))))
    expected = [f"{file}: leaky {version}: CVE-1" for file in ("some.txt", f"leaky-{version}.jar")]
    assert [line.rpartition(": ")[0] for line in lines] == (expected if found else [])


def test_a_list_that_nobody_has_looked_through_for_long_is_a_finding() -> None:
    reviewed, _ = read(LIST)
    assert reviewed == date(2026, 1, 31)
    assert list(out_of_date(reviewed, reviewed + LONGEST_UNREVIEWED)) == []
    [line] = out_of_date(reviewed, reviewed + LONGEST_UNREVIEWED + timedelta(days=1))
    assert "last reviewed on 2026-01-31" in line


@pytest.mark.parametrize("decision", ['"ignored"', '"accepted"'])
def test_a_decision_needs_a_known_word_and_acceptance_a_reason(decision: str) -> None:
    with pytest.raises(ValueError, match="CVE-1: expected the decision updated, or accepted with a reason"):
        read(LIST.replace('"updated"', decision, 1))


def vulnerability(name: str, version: str, *ids: str) -> dict[str, object]:
    found = {"id": ids[0], "aliases": ids[1:], "fix_versions": ["9"]}
    return {"name": name, "version": version, "vulns": [found]}


def test_pip_audit_s_findings_are_told_unless_they_were_accepted(tmp_path: Path) -> None:
    answer = {"dependencies": [vulnerability("other", "1", "PYSEC-1"), vulnerability("borne", "2", "PYSEC-2", "CVE-2")]}
    _, known = read(LIST)
    assert audited(pip_audit(tmp_path, json.dumps(answer)), [], known) == ["other 1: PYSEC-1: fixed in 9"]


@pytest.mark.parametrize(
    "answer", ["", json.dumps({"dependencies": [{"name": "a", "skip_reason": "not found and could not be audited"}]})]
)
def test_what_was_not_audited_is_not_taken_for_sound(tmp_path: Path, answer: str) -> None:
    assert audited(pip_audit(tmp_path, answer), [], []) is None


def pip_audit(folder: Path, answer: str) -> str:
    """A program that answers as pip-audit does."""
    program = folder / "pip-audit"
    program.write_text(f"#!/bin/sh\ncat <<'ANSWER'\n{answer}\nANSWER\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)
