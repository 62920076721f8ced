"""Where the calibration model is kept on this machine, and how vLLM serves it."""

from pathlib import Path

from seep.settings import VllmEngine

FOLDER = Path(".seep/calibration")
KV_CACHE_BYTES = 256 * 1024 * 1024


def exact_engine(model: Path) -> VllmEngine:
    """In fp32 and without graphs the engine samples from the very distribution that is enumerated."""
    return VllmEngine(
        backend="vllm",
        model=str(model.resolve()),
        dtype="float32",
        enforce_eager=True,
        kv_cache_memory_bytes=KV_CACHE_BYTES,
    )
