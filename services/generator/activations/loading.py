"""What an engine's settings name, loaded: base, fine-tunes, their revisions; and whether a folder has changed since."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from seep.errors import InputError
from seep.model_files import MODEL_FILES, folder_revision
from seep.model_hub import location
from seep.paths import expanded
from seep.settings import ActivationsEngine
from services.generator.activations.models import Base, Pair, Side, against_model, load_base, with_adapters
from services.generator.activations.parts import parts_of

Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Models:
    """The models of an engine: a pair by adapter, by None where the engine's own model is a whole fine-tune.

    `alone` is the engine's model without any adapter, `unsteered` the base's. `provenance` is by adapter, and by None
    of the model alone; `base_revision` is the base's.
    """

    base: Base
    base_revision: str
    alone: Side
    unsteered: Side
    pairs: Mapping[str | None, Pair]
    provenance: Mapping[str | None, Mapping[str, str]]


def open_models(engine: ActivationsEngine, setting: str) -> Models:
    """Raises InputError, naming the setting's field, for what cannot be loaded, and for models that do not belong
    together."""
    model = load_base(location(engine.model), f"{setting}.model", engine.dtype, engine.device)
    facts = {
        "engine": f"activations, transformers {version('transformers')}",
        "model": engine.model,
        "model_revision": _revision(engine.model, model),
        "dtype": str(model.model.dtype).removeprefix("torch."),
    }
    if engine.against:
        base = load_base(location(engine.against), f"{setting}.against", engine.dtype, engine.device)
        pair = _at_layer(against_model(base, model), engine.layer, base, setting)
        revision = _revision(engine.against, base)
        known = facts | {"against": engine.against, "against_revision": revision, "layer": str(pair.layer)}
        return Models(base, revision, pair.tuned, pair.base, {None: pair}, {None: known})
    found = with_adapters(model, engine.lora_modules, f"{setting}.lora_modules")
    pairs: dict[str | None, Pair] = {}
    provenance: dict[str | None, Mapping[str, str]] = {None: facts}
    for name, pair in found.items():
        pairs[name] = _at_layer(pair, engine.layer, model, setting)
        revision = folder_revision(expanded(engine.lora_modules[name]))
        of_adapter = {"adapter": name, "adapter_revision": revision, "layer": str(pairs[name].layer)}
        provenance[name] = facts | of_adapter
    alone = next((pair.base for pair in pairs.values()), Side(lambda: nullcontext(model.model)))
    return Models(model, facts["model_revision"], alone, alone, pairs, provenance)


def signature(engine: ActivationsEngine, files: Sequence[Path] = ()) -> Signature:
    """These files and those of the engine's folders, with their sizes and times: a change of them shows at once."""
    named = [Path(place) for place in (engine.model, engine.against) if place]
    folders = [expanded(folder) for folder in (*named, *engine.lora_modules.values())]
    found = []
    inside = (path for folder in folders if folder.is_dir() for path in folder.rglob("*"))
    for path in sorted([*inside, *(expanded(file) for file in files)]):
        if path.suffix in MODEL_FILES and path.is_file():
            status = path.stat()
            found.append((str(path), status.st_size, status.st_mtime_ns))
    return tuple(found)


def _at_layer(pair: Pair, layer: int | None, base: Base, setting: str) -> Pair:
    layers = len(parts_of(base.model, setting).layers)
    if layer is not None and layer >= layers:
        raise InputError(f"{setting}.layer: expected less than {layers}, the model's number of layers, found {layer}")
    return pair if layer is None else replace(pair, layer=layer)


def _revision(model: str, loaded: Base) -> str:
    """A folder's content, or the commit of the hub's snapshot that was loaded."""
    folder = expanded(model)
    if folder.is_dir():
        return folder_revision(folder)
    place = location(model)
    if place != model:  # in the cache, where the folder is called by the commit
        return Path(place).name
    return str(getattr(loaded.model.config, "_commit_hash", None) or "unknown")
