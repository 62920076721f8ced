"""Opens the backend of an engine; what a backend imports is imported only here, and only when it is wanted."""

from collections.abc import Mapping
from pathlib import Path

from seep.errors import InputError
from seep.settings import AnyEngine, OpenAiEngine, RecordedEngine, Settings, Target, VllmEngine
from services.generator.backend import Backend


def open_backend(engine: AnyEngine, setting: str, targets: Mapping[str, Target]) -> Backend:
    """The engine as its targets ask it; raises InputError, naming `setting` (as "engines.tiny"), for one that fails."""
    if isinstance(engine, RecordedEngine):
        from services.generator.recorded_backend import RecordedBackend

        return RecordedBackend(engine)
    if isinstance(engine, OpenAiEngine):
        from services.generator.openai_backend import OpenAiBackend

        return OpenAiBackend(engine, setting, targets)
    _check_folders(engine, setting)
    try:
        from services.generator.vllm_backend import VllmBackend
    except ImportError as error:
        raise InputError(f"{setting}.backend: vLLM is not installed: install seep[generator]") from error
    return VllmBackend(engine, setting)


def _check_folders(engine: VllmEngine, setting: str) -> None:
    # Before vLLM is imported, which takes ten seconds.
    if engine.model.startswith((".", "/", "~")) and not Path(engine.model).expanduser().is_dir():
        raise InputError(f"{setting}.model: no such folder: {engine.model}")
    for name, folder in engine.lora_modules.items():
        if not folder.expanduser().is_dir():
            raise InputError(f"{setting}.lora_modules.{name}: no such folder: {folder}")


def engine_named(settings: Settings, name: str) -> AnyEngine:
    """The engine of seep.yaml with this name; raises InputError where there is none."""
    if name not in settings.engines:
        known = ", ".join(sorted(settings.engines)) or "none"
        raise InputError(f"engines: there is no engine {name!r}; known: {known}")
    return settings.engines[name]
