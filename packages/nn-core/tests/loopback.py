"""A server on this machine, so that no test asks the network."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Server(ThreadingHTTPServer):
    """/whole sends the content, all else but the following is not found.

    /short    breaks off half way
    /silent   sends half of it, and nothing until the server ends
    /endless  sends it for ever, without a length
    /packed   says that it is compressed, although it is not
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.content = content
        self.asked: list[str] = []
        self.ended = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path not in {"/whole", "/short", "/silent", "/endless", "/packed"}:
            self.send_error(404)
            return
        content = self.server.content
        self.send_response(200)
        if self.path != "/endless":
            self.send_header("Content-Length", str(len(content)))
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with suppress(OSError):  # the client is gone
            self.wfile.write(content[: len(content) // 2] if self.path in {"/short", "/silent"} else content)
            while self.path == "/endless" and not self.server.ended.is_set():
                self.wfile.write(content)
        if self.path == "/silent":
            self.server.ended.wait()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, content: bytes) -> Iterator[Server]:
    """The server while it runs, which no proxy stands before."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(content) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running
        finally:
            running.ended.set()
            running.shutdown()
            thread.join()
