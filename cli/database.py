"""Where the commands find the results: the configured PostgreSQL, else one embedded in .seep/postgres."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from seep.local_postgres import local_postgres
from seep.settings import Settings
from services.aggregator.migrate import migrate
from services.aggregator.store import Store

EMBEDDED = Path(".seep/postgres")


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """The store with its schema up to date; raises DatabaseUnavailable or InputError."""
    with ExitStack() as opened:
        dsn = settings.database.resolved_dsn()
        if dsn is None:
            EMBEDDED.parent.mkdir(parents=True, exist_ok=True)
            dsn = opened.enter_context(local_postgres(EMBEDDED))
        migrate(dsn)
        yield opened.enter_context(Store.open(dsn, settings.aggregation.stalled_after_seconds))
