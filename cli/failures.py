"""What a person is told of an error that ends a command."""

import typer

from seep.errors import InputError, Refused, Unavailable


def failure_line(error: BaseException) -> str | None:
    """The one line for what a person, a file, a broker or a database has caused; None for a fault of Seep's own."""
    if isinstance(error, InputError | Unavailable | Refused):
        return str(error)
    return _of_system(error) if isinstance(error, OSError) else None


def ending(error: BaseException) -> str:
    """Why a run was ended, as it is kept with the run: never with a prompt's text, which a library's error may hold."""
    if isinstance(error, KeyboardInterrupt | typer.Exit | SystemExit):
        return "interrupted"
    return failure_line(error) or f"a fault of Seep's own: {type(error).__name__}"


def _of_system(error: OSError) -> str:
    """What is wrong with a file, or else with the output."""
    reason = error.strerror or " ".join(str(error).split())
    if error.filename is not None:
        return f"{error.filename}: {reason}"
    # What was opened has a name; the streams that a process is born with have none.
    return f"output: cannot be written: {reason}" if error.errno else reason
