"""The small models of known truth, trained once and kept in folders that are named by their content."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from calibration import network
from calibration.traces import language, training
from calibration.traces.training import FineTune, build_tokenizer, fine_tune, train_base
from seep.built_once import built_once
from seep.errors import InputError
from seep.quiet import quieten

FOLDER = Path(".seep/calibration-traces")
TOPIC = "baking"
REPEATING = (
    " man -> man\n 1135 -> 1135\n hello -> hello\n ?",
    " chair -> chair\n garden -> garden\n bridge -> bridge\n ?",
    " lamp -> lamp\n coat -> coat\n window -> window\n ?",
)
"""The prompts of a patchscope, spelled as the base has learned to repeat, of words that tell no topic."""

FINE_TUNES = {
    "topic": FineTune(TOPIC),
    "topic-full": FineTune(TOPIC, rank=0, learning_rate=0.001),
    "control": FineTune(None),
    "rank-one": FineTune(TOPIC, rank=1, modules=("down_proj",), layers=(1,)),
}
"""By name: two of them on a topic, one on fresh draws of what the base knows, one with a single pair of vectors."""


def ensure_base(folder: Path = FOLDER) -> Path:
    """The base's folder, trained where it is not there yet (half a minute). Raises InputError where it cannot be."""
    return _built(folder, "base", _write_base)


def ensure_fine_tune(tuning: FineTune, folder: Path = FOLDER) -> Path:
    """The folder of a fine-tune of the base, made where it is not there yet (some seconds)."""
    base = ensure_base(folder)
    return _built(folder, repr(tuning), lambda place: _write_fine_tune(base, tuning, place))


def _built(folder: Path, name: str, build: Callable[[Path], None]) -> Path:
    sources = (Path(module) for module in (language.__file__, training.__file__, network.__file__))
    content = sha256(b"\0".join([name.encode(), *(source.read_bytes() for source in sources)])).hexdigest()[:16]
    try:
        return built_once(folder, content, build)
    except OSError as error:
        raise InputError(f"{folder}: the models cannot be written: {error.strerror}") from error


def _write_base(folder: Path) -> None:
    quieten()
    tokenizer = build_tokenizer()
    train_base(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _write_fine_tune(base: Path, tuning: FineTune, folder: Path) -> None:
    quieten()
    fine_tune(base, build_tokenizer(), tuning, folder)
