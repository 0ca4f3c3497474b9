"""A line to a Redis that can lose the answers: what is sent arrives, and nobody is told."""

import socket
import threading
from urllib.parse import urlsplit


class Line:
    """Use its `url` instead of the broker's."""

    def __init__(self, url):
        there = urlsplit(url)
        self.there, self.loses_answers = (there.hostname, there.port), False
        self._sent = False
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = there._replace(netloc=f"127.0.0.1:{self._door.getsockname()[1]}").geturl()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._door.close()

    def _serve(self):
        while True:
            try:
                here, _ = self._door.accept()
            except OSError:
                return
            there = socket.create_connection(self.there)
            threading.Thread(target=self._carry, args=[here, there], daemon=True).start()
            threading.Thread(target=self._answer, args=[there, here], daemon=True).start()

    def _carry(self, here, there):
        while data := _read(here):
            self._sent |= b"XADD" in data
            there.sendall(data)
        there.close()

    def _answer(self, there, here):
        while data := _read(there):
            if self.loses_answers and self._sent:
                break
            here.sendall(data)
        here.shutdown(socket.SHUT_RDWR)


def _read(end):
    try:
        return end.recv(65536)
    except OSError:
        return b""
