"""The files of what is found: pictures, and one JSON with every number in them."""

import json
from dataclasses import asdict
from pathlib import Path

from cli.traces.finding import Found
from cli.traces.pictures import draw_all
from seep.errors import InputError

RECORD = "traces.json"


def write_files(found: Found, folder: Path) -> None:
    """Into the folder, over what an earlier call has written; raises InputError where that cannot be."""
    try:
        (folder / RECORD).write_text(json.dumps(asdict(found), allow_nan=False) + "\n", encoding="utf-8")
        draw_all(found.traces, found.interpolated, folder)
    except OSError as error:
        raise InputError(f"--out {folder}: cannot be written: {error.strerror}") from error
