"""The files of what is found: pictures, one JSON, and the differences themselves, to steer with."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

from cli.traces.finding import Found
from cli.traces.pictures import draw_all
from seep.errors import InputError
from services.generator.activations.differences import Differences

RECORD = "traces.json"
DIFFERENCES = "differences.safetensors"


def write_files(found: Found, differences: Differences, folder: Path) -> None:
    """Into the folder, over what an earlier call has written; raises InputError where that cannot be.

    The differences hold `mean`, float32 [positions, hidden], and `usual_norm`; the metadata names the layer.
    """
    tensors = {
        "mean": differences.mean.float().cpu().contiguous(),
        "usual_norm": torch.tensor([differences.usual_norm]),
    }
    try:
        (folder / RECORD).write_text(json.dumps(asdict(found), allow_nan=False) + "\n", encoding="utf-8")
        save_file(tensors, folder / DIFFERENCES, metadata={"layer": str(differences.layer)})
        draw_all(found.traces, found.interpolated, folder)
    except OSError as error:
        raise InputError(f"--out {folder}: cannot be written: {error.strerror}") from error
