"""What a model hub, and the cache of what came from it, know of a model; each answer comes within seconds."""

from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from seep.errors import first_line
from seep.paths import expanded

TIMEOUT_SECONDS = 5.0


class NotOnHub(Exception):
    """The hub does not answer, does not know the name, or could not have it; the message is one line for where the
    cache has nothing either."""


def hub_commit(name: str, timeout_seconds: float = TIMEOUT_SECONDS) -> str | None:
    """The commit of a model that the hub tells now, None where it tells none; raises NotOnHub.

    Asking once, with a timeout, is what keeps this short: the libraries' own downloads try each of several files for
    20 seconds when there is no hub.
    """
    try:
        return HfApi().model_info(name, timeout=timeout_seconds).sha
    except HFValidationError as error:
        raise NotOnHub("no such folder") from error
    except Exception as error:  # unreachable, offline, gated, unknown: the library has an error for each
        reason = first_line(str(error))
        raise NotOnHub(f"no such folder, nothing in the model cache, and asking the hub failed: {reason}") from error


def cached_snapshot(name: str) -> Path | None:
    """The model's folder in the cache, which is called by its commit; None where there is none."""
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def why_missing(name: str) -> str | None:
    """Why a model that is no folder cannot be loaded, in one line; None where a hub or its cache has it."""
    if cached_snapshot(name) is not None:
        return None
    try:
        hub_commit(name)
    except NotOnHub as error:
        return str(error)
    return None


def location(model: str) -> str:
    """Where a library is to load a folder or a hub's model from: the cache where the hub does not answer now.

    By the name, the libraries would ask the hub for minutes, whether or not the cache has all they ask for.
    """
    folder = expanded(model)
    if folder.exists():
        return str(folder) if model.startswith("~") else model
    try:
        hub_commit(model)
    except NotOnHub:
        cached = cached_snapshot(model)
        return model if cached is None else str(cached)
    return model
