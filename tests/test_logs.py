"""What production's logs say, read from a real process."""

import json
import subprocess
import sys

from tests.processes import environment

STORY = """
import django, structlog
django.setup()
from events import context
with context.acting(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
    structlog.get_logger("shop").warning("late", correlation_id="of the reservation")
    try:
        1 / 0
    except ZeroDivisionError:
        structlog.get_logger("shop").error("broken", exc_info=True)
"""


class TestALogLineInProduction:
    def test_is_one_json_object_with_the_trace_and_the_correlation(self):
        told = environment() | {"LOG_FORMAT": "json", "DJANGO_SETTINGS_MODULE": "concert_site.settings"}
        process = subprocess.run([sys.executable, "-c", STORY], env=told, capture_output=True, text=True, check=True)

        late, broken = map(json.loads, process.stderr.splitlines())
        assert (late["event"], late["level"], late["logger"]) == ("late", "warning", "shop")
        assert late["trace_id"] == broken["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
        assert late["correlation_id"] == "of the reservation"
        assert "ZeroDivisionError" in broken["exception"]
