"""Opens the backend of an engine; what a backend imports is imported only here, and only when it is wanted."""

from pathlib import Path

from seep.errors import InputError
from seep.settings import RecordedEngine, Settings, VllmEngine
from services.generator.backend import Backend


def open_backend(engine: VllmEngine | RecordedEngine, setting: str) -> Backend:
    """Raises InputError, naming `setting` (as "engines.tiny"), where the engine cannot be opened."""
    if isinstance(engine, RecordedEngine):
        from services.generator.recorded_backend import RecordedBackend

        return RecordedBackend(engine)
    # Before vLLM is imported, which takes ten seconds.
    if engine.model.startswith((".", "/", "~")) and not Path(engine.model).expanduser().is_dir():
        raise InputError(f"{setting}.model: no such folder: {engine.model}")
    try:
        from services.generator.vllm_backend import VllmBackend
    except ImportError as error:
        raise InputError(f"{setting}.backend: vLLM is not installed: install seep[generator]") from error
    return VllmBackend(engine, setting)


def engine_named(settings: Settings, name: str) -> VllmEngine | RecordedEngine:
    """The engine of seep.yaml with this name; raises InputError where there is none."""
    if name not in settings.engines:
        known = ", ".join(sorted(settings.engines)) or "none"
        raise InputError(f"engines: there is no engine {name!r}; known: {known}")
    return settings.engines[name]
