"""A check that fails, or hangs, is a finding; none keeps the others from being told, or the command from ending."""

import threading

from cli.doctor.findings import Finding, run_checks


def good() -> Finding:
    return Finding("good", "ok", "there")


def test_the_findings_come_in_the_order_of_the_checks() -> None:
    found = run_checks({"b": lambda: Finding("b", "note", "slow to find"), "a": good})
    assert [finding.text for finding in found] == ["slow to find", "there"]


def test_a_check_that_raises_is_missing_with_its_first_line() -> None:
    def fail() -> Finding:
        raise OSError("no route\nto the host")

    def fail_silently() -> Finding:
        raise MemoryError

    broken, silent, there = run_checks({"broken": fail, "silent": fail_silently, "good": good})
    assert (broken.state, broken.text) == ("missing", "no route")
    assert (silent.state, silent.text) == ("missing", "MemoryError")
    assert there == good()


def test_a_check_that_hangs_is_missing() -> None:
    for_ever = threading.Event()

    def hang() -> Finding:
        for_ever.wait()
        return good()

    there, hanging = run_checks({"good": good, "hanging": hang}, seconds=2)
    assert (hanging.state, hanging.text) == ("missing", "no answer within 2 s")
    assert there == good()
    for_ever.set()
