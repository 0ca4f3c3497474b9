"""One address for the deployments of `make run-split`: by path, and with the fan's pass.

In production a proxy of yours does both; docs/operations.md shows it with nginx's auth_request.
"""

import argparse
import http.client
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROUTES = [
    (re.compile(r"/api/v1/(concerts|performances|reservations)\b"), "reservations"),
    (re.compile(r"/api/v1/points\b"), "payments"),
    (re.compile(r"/api/v1/waiting-rooms\b"), "queueing"),
    (re.compile(r"/"), "accounts"),  # and the console
]
PASS = "Account-Pass"  # noqa: S105
PASS_SECONDS = 5  # so long after signing out a token still works
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}
NOT_PASSED_ON = HOP_BY_HOP | {PASS.lower()}  # only we bring one


class Edge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ports: dict
    passes: dict = {}

    def handle_one_method(self):
        if self.path == "/readyz":
            return self._readiness()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        domain = next(domain for route, domain in ROUTES if route.match(self.path))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        if domain != "accounts" and (signed := self._pass()):
            headers[PASS] = signed
        return self._answer(*self._ask(domain, self.command, self.path, body, headers))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_one_method

    def _pass(self):
        """What accounts signs for who shows this token; None for a stranger, who is told so over there."""
        token = self.headers.get("Authorization")
        if not token:
            return None
        signed, until = self.passes.get(token, (None, 0))
        if time.monotonic() > until:
            _, headers, _ = self._ask("accounts", "GET", "/api/v1/sessions/current/pass", b"", {"Authorization": token})
            signed = next((value for name, value in headers if name.lower() == PASS.lower()), "unknown")
            self.passes[token] = signed, time.monotonic() + PASS_SECONDS
        return signed

    def _readiness(self):
        """Ready when all are."""
        answers = {domain: self._ask(domain, "GET", "/readyz", b"", {}) for domain in self.ports}
        body = json.dumps({domain: json.loads(body or "{}") for domain, (_, _, body) in answers.items()}).encode()
        self._answer(max(status for status, _, _ in answers.values()), [("Content-Type", "application/json")], body)

    def _ask(self, domain, method, path, body, headers):
        """(status, headers, body) of that deployment; 502 when nobody is there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[domain], timeout=30)
        try:
            connection.request(method, path, body, {"Host": self.headers.get("Host", "127.0.0.1")} | headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException):
            return http.client.BAD_GATEWAY, [], b"{}"
        finally:
            connection.close()

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, *_):
        """The deployments log what they are asked."""


def main(host, port, ports):
    Edge.ports = ports
    ThreadingHTTPServer((host, port), Edge).serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("deployments", nargs="+", metavar="DOMAIN=PORT")
    arguments = parser.parse_args()
    pairs = (each.split("=") for each in arguments.deployments)
    main(arguments.host, arguments.port, {domain: int(port) for domain, port in pairs})
