"""How a service's log is written: nothing that is told of in a line can forge another."""

import logging
import sys
from types import TracebackType

from seep.characters import visible
from seep.runtime.throttling import Throttle

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
INDENT = "  "

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class OneLine(logging.Formatter):
    """Writes control characters as escapes: a message is one line, and a traceback's lines are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The line."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802
        """The traceback; what an exception says may have line ends of its own."""
        return "\n".join(INDENT + visible(line) for line in super().formatException(ei).split("\n"))


def configure_log() -> None:
    """Has this process log to standard error, from INFO on; of Kafka's client only what is an error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(LINE))
    handler.addFilter(Throttle())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("kafka").setLevel(logging.ERROR)
