"""Fuzzes one parser by coverage, with atheris, which is installed by hand: see docs/development/testing.md."""

import resource
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import atheris

with atheris.instrument_imports(include=["cli", "results", "seep", "services"]):
    from tests.fuzz.parser import PIECES, is_declared
    from tests.fuzz.parsers import PARSERS
    from tests.fuzz.slow_parsers import SLOW_PARSERS


def main(name: str, seconds: str) -> None:
    """Fuzzes the parser of this name for so many seconds; the first undeclared error ends it, with the input's file."""
    parser = {**PARSERS, **SLOW_PARSERS}[name]
    corpus = Path(mkdtemp(prefix="seep-corpus-"))
    for number, seed in enumerate((*parser.seeds, *PIECES)):
        (corpus / str(number)).write_bytes(seed)
    slowest, inputs = 0.0, 0

    def one(data: bytes) -> None:
        nonlocal slowest, inputs
        start = time.process_time()
        assert is_declared(parser, data)
        slowest, inputs = max(slowest, time.process_time() - start), inputs + 1
        if inputs % 5000 == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{name}: {inputs} inputs, slowest {slowest:.2f} s, peak {peak} MB", flush=True)

    arguments = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-verbosity=0", str(corpus)]
    atheris.Setup(arguments, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
