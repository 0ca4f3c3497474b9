"""How long a purchase takes, step by step, against a running service: python bench/purchase.py [URL] [purchases]

Each fan is a new account that charges, waits, holds and pays, one after the other, over HTTP from this process.
Prints medians and 95th percentiles in milliseconds, and each median as a multiple of the same run's baseline,
GET /healthz (a constant view behind the same middleware). Run the service with RATE_LIMITS=off.
"""

import json
import statistics
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from uuid import uuid4

PASSWORD = "correct-horse-battery"
URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
PURCHASES = int(sys.argv[2]) if len(sys.argv) > 2 else 30
took = defaultdict(list)


def call(step, method, path, body=None, **headers):
    """The answer's JSON; its time is noted under the step's name. Ends the run on any answer above 299."""
    data = None if body is None else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(URL + path, data, {"Content-Type": "application/json"} | headers, method=method)
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        sys.exit(f"{step}: HTTP {error.code}: {error.read().decode()}")
    took[step].append((time.perf_counter() - started) * 1000)
    return json.loads(content)


def purchase(concert, performance, seats):
    email = f"bench-{uuid4().hex}@example.com"
    call("sign up", "POST", "/api/v1/accounts", {"email": email, "password": PASSWORD, "name": "Bench"})
    session = call("sign in", "POST", "/api/v1/sessions", {"email": email, "password": PASSWORD})
    fan = {"Authorization": f"Bearer {session['token']}"}
    call("charge", "POST", "/api/v1/points/charges", {"amount": 500_000}, **fan, Idempotency_Key=str(uuid4()))
    fan["Queue-Token"] = admitted(concert, fan)
    free = call("availability", "GET", f"/api/v1/performances/{performance}/availability", **fan)
    seat = next(seat for seat in seats if seat not in free["unavailable"])
    held = call("hold", "POST", "/api/v1/reservations", {"performance": performance, "seats": [seat]}, **fan)
    path = f"/api/v1/reservations/{held['id']}/payment"
    paid = call("pay until CONFIRMED", "POST", path, **fan, Idempotency_Key=str(uuid4()))
    while paid["status"] != "CONFIRMED":
        paid = call("ask again", "GET", f"/api/v1/reservations/{held['id']}", **fan)


def admitted(concert, fan):
    path = f"/api/v1/waiting-rooms/{concert}/place"
    place = call("enter", "POST", path, **fan)
    while place["status"] != "ACTIVE":
        time.sleep(0.2)
        place = call("place", "GET", path, **fan)
    return place["token"]


def main():
    concert = call("concerts", "GET", "/api/v1/concerts")["results"][0]["id"]
    performance = call("performances", "GET", f"/api/v1/concerts/{concert}/performances")["results"][0]["id"]
    plan = call("plan", "GET", f"/api/v1/performances/{performance}/seating-plan")
    seats = [seat["id"] for section in plan["sections"] for row in section["rows"] for seat in row["seats"]]
    for number in range(PURCHASES):
        call("baseline", "GET", "/healthz")
        purchase(concert, performance, seats)
        print(f"\r{number + 1} of {PURCHASES}", end="", file=sys.stderr)
    print(file=sys.stderr)
    base = statistics.median(took["baseline"])
    for step, times in took.items():
        p95 = sorted(times)[int(len(times) * 0.95)]
        median = statistics.median(times)
        print(
            f"{step:20} {len(times):4} ×  median {median:7.1f} ms  p95 {p95:7.1f} ms  {median / base:5.1f} × baseline"
        )


if __name__ == "__main__":
    main()
