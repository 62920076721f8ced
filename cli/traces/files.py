"""The files of what is found: pictures, one JSON with every number in them, and the difference to steer by."""

import json
from dataclasses import asdict
from pathlib import Path

from cli.traces.finding import Found
from cli.traces.pictures import draw_all
from seep.errors import InputError

RECORD, DIFFERENCE = "traces.json", "difference.json"


def write_files(found: Found, folder: Path, difference: str | None) -> None:
    """Into the folder, over what an earlier call has written; raises InputError where that cannot be.

    `difference` is the content of the file by which a base is steered, None where there is nothing to steer by.
    """
    try:
        if difference is None:
            (folder / DIFFERENCE).unlink(missing_ok=True)  # an earlier one is of another fine-tune
        else:
            (folder / DIFFERENCE).write_text(difference, encoding="utf-8")
        (folder / RECORD).write_text(json.dumps(asdict(found), allow_nan=False) + "\n", encoding="utf-8")
        draw_all(found.traces, found.interpolated, folder)
    except OSError as error:
        raise InputError(f"--out {folder}: cannot be written: {error.strerror}") from error
