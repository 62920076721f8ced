"""What a run may be called."""

import re

from seep.errors import InputError

LATEST_RUN = "latest"


def check_run_id(text: str) -> str:
    """Return a usable run id as it is; InputError otherwise."""
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,100}", text):
        raise InputError(f"run id {text!r}: expected 1 to 100 of the characters A-Z a-z 0-9 . _ : -")
    if text == LATEST_RUN:
        raise InputError(f"run id {text!r}: expected another name, since this one means the newest run")
    return text
