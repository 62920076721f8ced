"""Keeps the model libraries' progress bars and loading reports off stderr, where they would bury Seep's own lines."""

from huggingface_hub.utils.tqdm import disable_progress_bars
from transformers.utils import logging


def quieten() -> None:
    """For this process: no progress bars, and of transformers' messages only its errors."""
    disable_progress_bars()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
