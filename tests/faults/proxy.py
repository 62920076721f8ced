"""A TCP proxy on the loopback address that delays what it passes on, and resets connections."""

import socket
import struct
import threading
import time
from contextlib import suppress

# Without lingering, a close is a reset.
RESET = struct.pack("ii", 1, 0)
LARGEST_PIECE = 65_536


class Proxy:
    """Passes connections on to a port; `delay_seconds` holds for each piece in both directions."""

    def __init__(self, upstream_port: int) -> None:
        self.delay_seconds = 0.0
        self._upstream = ("127.0.0.1", upstream_port)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def reset_all(self) -> int:
        """Resets every connection; how many there were."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            _reset(connection)
        return len(connections)

    def close(self) -> None:
        """Takes no connection any more, and resets those there are."""
        self._listener.close()
        self.reset_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._upstream, timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._connections |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(LARGEST_PIECE):
                time.sleep(self.delay_seconds)
                sink.sendall(piece)
        with self._lock:
            self._connections -= {source, sink}
        # The other direction then ends, too.
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.shutdown(socket.SHUT_RD)
    connection.close()
