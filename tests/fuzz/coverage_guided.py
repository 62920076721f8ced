"""Fuzzes one parser by coverage, with atheris, which is installed by hand: see docs/development/testing.md."""

import resource
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import atheris

with atheris.instrument_imports(include=["cli", "results", "seep", "services"]):
    from tests.fuzz.parser import PIECES, Parser, is_declared
    from tests.fuzz.parsers import PARSERS

REPORT_SECONDS = 20.0


def main(name: str, seconds: str) -> None:
    """Fuzzes the parser of this name for so many seconds; the first undeclared error ends it, with the input's file."""
    parser = _parser(name)
    corpus = Path(mkdtemp(prefix="seep-corpus-"))
    for number, seed in enumerate((*parser.seeds, *PIECES)):
        (corpus / str(number)).write_bytes(seed)
    slowest, inputs, reported = 0.0, 0, time.monotonic()

    def one(data: bytes) -> None:
        nonlocal slowest, inputs, reported
        start = time.process_time()
        assert is_declared(parser, data)
        slowest, inputs = max(slowest, time.process_time() - start), inputs + 1
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{name}: {inputs} inputs, slowest {slowest:.2f} s, peak {peak} MB", flush=True)

    arguments = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-verbosity=0", str(corpus)]
    atheris.Setup(arguments, one)
    atheris.Fuzz()


def _parser(name: str) -> Parser:
    """Those that bring a model's libraries along are imported, and instrumented, if one of them is asked for."""
    if name in PARSERS:
        return PARSERS[name]
    with atheris.instrument_imports(include=["cli", "results", "seep", "services"]):
        from tests.fuzz.slow_parsers import SLOW_PARSERS
    return SLOW_PARSERS[name]


if __name__ == "__main__":
    main(*sys.argv[1:])
