"""How each script begins: on a GPU, or as a rehearsal, tiny, on what is here."""

import argparse
import sys

import torch


def rehearses(description: str | None) -> bool:
    """Whether the command line asks for a rehearsal; ends the process where it does not, and there is no GPU."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rehearse", action="store_true", help="tiny models and few texts, on what is here")
    rehearse: bool = parser.parse_args().rehearse
    if not rehearse and not torch.cuda.is_available():
        sys.exit("no CUDA device is at hand; --rehearse runs the same script, tiny, on what is here")
    return rehearse


def device_name(rehearse: bool) -> str:
    """What the figures are of."""
    return "a processor: a rehearsal, its figures mean nothing" if rehearse else torch.cuda.get_device_name()
