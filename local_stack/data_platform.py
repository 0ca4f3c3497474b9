"""A small data platform to send to: the other side of the demo's outbound sync.

POST /reservations         keeps a JSON object once per Idempotency-Key, if it is signed as Standard Webhooks has it
GET  /reservations/<key>   what was kept under that key
GET  /reservations         all that was kept, newest first
GET  /                     the same for people
"""

import argparse
import hashlib
import html
import json
import os
import secrets
import threading
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from standardwebhooks import Webhook, WebhookVerificationError

SHOWN = 200
LARGEST_BODY = 1_000_000

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3">
<title>Data platform</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 3rem auto; padding: 0 1.5rem }}
p {{ opacity: .7 }}
table {{ width: 100%; border-collapse: collapse; font-size: 14px }}
th, td {{ text-align: left; vertical-align: top; padding: .6rem 1rem .6rem 0; border-top: 1px solid #8884 }}
td {{ overflow-wrap: anywhere; min-width: 10rem }}
td:last-child {{ width: 60% }}
dl {{ margin: 0; display: flex; flex-wrap: wrap; gap: 0 1.2rem }}
dt, dd {{ display: inline; margin: 0 }}
dt {{ opacity: .6 }}
.empty {{ border: 1px dashed #8888; border-radius: .5rem; padding: 3rem; text-align: center }}
</style>
</head>
<body>
<h1>Data platform</h1>
{content}
</body>
</html>
"""


class Records:
    """What was received, one JSON line each in a file, so that it outlives the process. Safe for threads."""

    def __init__(self, path):
        self._path, self._lock = path, threading.Lock()
        self._by_key = {record["key"]: record for record in _records(path)}

    def keep(self, key, data, request_hash=""):
        """The record of this key, and whether it is new. What comes under the key of another is not kept."""
        with self._lock:
            if key in self._by_key:
                return self._by_key[key], False
            received_at = datetime.now(UTC).isoformat(timespec="milliseconds")
            record = {"id": f"dp_{secrets.token_hex(8)}", "key": key, "received_at": received_at, "data": data}
            record["request_hash"] = request_hash
            self._write(record)
            self._by_key[key] = record
            return record, True

    def get(self, key):
        return self._by_key.get(key)

    def newest_first(self):
        with self._lock:
            return list(reversed(self._by_key.values()))

    def _write(self, record):
        with open(self._path, "ab") as file:
            # Begins with the line break, so that a line torn by a crash spoils no other.
            file.write(b"\n" + json.dumps(record).encode())
            file.flush()
            os.fsync(file.fileno())


def _records(path):
    if path.exists():
        for line in path.read_bytes().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # empty or torn


class Handler(BaseHTTPRequestHandler):
    """`records` and `webhook` are set by `server`."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        if self.path == "/":
            self._answer(HTTPStatus.OK, page(self.records.newest_first()), "text/html; charset=utf-8")
        elif self.path == "/reservations":
            self._answer_json(HTTPStatus.OK, self.records.newest_first())
        elif record := self.records.get(unquote(self.path.removeprefix("/reservations/"))):
            self._answer_json(HTTPStatus.OK, told(record))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is / and /reservations, and nothing under that key")

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body's length is missing or too large")
        body = self.rfile.read(int(length))
        if self.path != "/reservations":
            return self._refuse(HTTPStatus.NOT_FOUND, "there is /reservations")
        if not self._is_signed(body):
            return self._refuse(HTTPStatus.UNAUTHORIZED, "the signature is missing, wrong or too old")
        key, data = self.headers.get("Idempotency-Key"), _object(body)
        if not key or data is None:
            return self._refuse(HTTPStatus.BAD_REQUEST, "an Idempotency-Key and a JSON object are needed")
        self._answer_json(*self._keep(key, data, hashlib.sha256(body).hexdigest()))

    def _keep(self, key, data, request_hash):
        record, new = self.records.keep(key, data, request_hash)
        print(f"{'kept' if new else 'known'} {record['id']} {key!r}", flush=True)
        if record.get("request_hash", request_hash) != request_hash:
            return HTTPStatus.CONFLICT, {"error": "there is something else under this key"}
        return HTTPStatus.CREATED if new else HTTPStatus.OK, told(record)

    def log_message(self, *_):
        """Requests are not logged one by one; what was kept is."""

    def _is_signed(self, body):
        try:
            self.webhook.verify(body, dict(self.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):  # ValueError: a header or a body that cannot be read at all
            return False
        return True

    def _refuse(self, status, why):
        self.close_connection = True  # the body may still be in it
        self._answer_json(status, {"error": why})

    def _answer_json(self, status, content):
        self._answer(status, json.dumps(content), "application/json")

    def _answer(self, status, text, content_type):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def told(record):
    """Of what was kept before contents had a hash, none is told."""
    return {name: record[name] for name in ("id", "request_hash") if name in record}


def _object(body):
    try:
        data = json.loads(body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def page(records):
    if not records:
        return PAGE.format(content='<p class="empty">Nothing yet. Buy a ticket, and its reservation appears here.</p>')
    rows = "\n".join(map(_row, records[:SHOWN]))
    head = "<tr><th>Received<th>Id here<th>Idempotency key<th>Content</tr>"
    return PAGE.format(content=f"<p>{len(records)} received, newest first.</p>\n<table>\n{head}\n{rows}\n</table>")


def _row(record):
    time = record["received_at"].replace("T", " ")[:19] + " UTC"
    cells = [html.escape(cell) for cell in (time, record["id"], record["key"])]
    fields = "".join(_field(name, value) for name, value in record["data"].items())
    return "<tr>" + "".join(f"<td>{cell}" for cell in [*cells, f"<dl>{fields}</dl>"]) + "</tr>"


def _field(name, value):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"<div><dt>{html.escape(name)}</dt> <dd>{html.escape(text)}</dd></div>"


def server(*, port, path, secret, handler=Handler, **attributes):
    """Listens on the loopback address. Port 0: any free one. attributes: for another handler, made from this one."""
    attributes |= {"records": Records(path), "webhook": Webhook(secret)}
    return ThreadingHTTPServer(("127.0.0.1", port), type("BoundHandler", (handler,), attributes))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--file", type=Path, required=True)
    given = arguments.parse_args()
    server(port=given.port, path=given.file, secret=os.environ["DATA_PLATFORM_SECRET"]).serve_forever()


if __name__ == "__main__":
    main()
