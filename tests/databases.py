"""The tests' PostgreSQL, with its data in memory where there is room, and the databases that are copied on it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from seep.local_postgres import local_postgres
from tests.left_behind import MEMORY, VARIABLE, folder_in_memory

NUMBERS = count()
# A session's databases take a tenth of it, and containers have 64 MiB unless they are given more.
ROOM_BYTES = 2 << 30
# Entered by all: root has another user run the server.
ENTERED = 0o711


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The DSN of a real server for databases that come and go by the hundred; `folder` is for its data on a disk.

    A database is a copy of 300 files. In memory one is made in a fifth of the processor time, and of the time.
    """
    memory = folder_in_memory(os.environ[VARIABLE])
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_BYTES:
        memory.mkdir()
        memory.chmod(ENTERED)  # whatever the umask
        folder = memory
    try:
        with local_postgres(folder) as dsn:
            with psycopg.connect(dsn, autocommit=True) as server:
                # None of them has to outlive a power cut.
                server.execute("ALTER SYSTEM SET fsync = off")
                server.execute("SELECT pg_reload_conf()")
            yield dsn
    finally:
        shutil.rmtree(memory, ignore_errors=True)


@contextmanager
def database(server: str, template: str) -> Iterator[str]:
    """The DSN of a copy of the template, on the server of a DSN."""
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        # Without fsync a copy of the files is three times as fast as one that is logged.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy".encode())
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
