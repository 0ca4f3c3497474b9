"""What operators see of the shop that holds the waiting rooms' pace down."""

from django.test import Client

from queueing.models import Inflow


def lower(**changes):
    Inflow.current()
    Inflow.objects.update(share=0.35, reason=Inflow.Reason.LATENCY, slow_percent=12.4, **changes)


def gauges() -> dict:
    lines = Client().get("/metrics").content.decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line.startswith("room_inflow"))


class TestALowerPace:
    def test_is_said_in_the_console_with_its_reason(self, boss):
        lower()
        page = boss.see("")
        assert "35 % of what you allow: the shop is slow (of 100 requests 12 slow, 0 failed)" in page

    def test_is_measured_with_its_reason(self, world):
        lower()
        assert gauges() == {
            "room_inflow_share": "0.35",
            'room_inflow_reason{reason="latency"}': "1.0",
            'room_inflow_reason{reason="errors"}': "0.0",
        }


class TestTheFullPace:
    def test_is_not_worth_a_word_in_the_console(self, boss):
        assert "of what you allow" not in boss.see("")

    def test_is_measured(self, world):
        assert set(gauges().values()) == {"1.0", "0.0"}
        assert gauges()["room_inflow_share"] == "1.0"
