"""Dead jobs from the keys of dead letters."""

import pytest

from results.dead_jobs import DeadJob, dead_job


def test_the_key_names_run_and_job() -> None:
    assert dead_job(b"run-1/job/7", "scorer", "why") == DeadJob("run-1", "job/7", "scorer", "why")


@pytest.mark.parametrize("key", [None, b"", b"run-1", b"/job", b"run-1/", b"\xff/job", b"run/" + b"j" * 501])
def test_a_key_that_names_no_job_is_nobodys(key: bytes | None) -> None:
    assert dead_job(key, "scorer", "why") is None
