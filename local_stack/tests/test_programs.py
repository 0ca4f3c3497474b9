import subprocess
import sys

import pytest

from local_stack import CannotStart
from local_stack.guard import Guard
from local_stack.programs import QUICK, QUICK_DEATHS, Kept


@pytest.fixture
def guard():
    guard = Guard()
    yield guard
    guard.end()


@pytest.fixture
def kept(guard):
    def start():
        return guard.start([sys.executable, "-ISc", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)

    return Kept("web", start(), start, guard, now=0)


def die(kept):
    kept.process.stdin.close()
    kept.process.wait()


class TestAProgram:
    def test_that_died_is_announced_and_started_again_after_a_pause(self, kept, capsys):
        first = kept.process
        die(kept)
        kept.tend(now=QUICK)
        assert "web ended with 1; starting it again in 0.5 s" in capsys.readouterr().out
        kept.tend(now=QUICK + 0.4)
        assert kept.process is None
        kept.tend(now=QUICK + 0.5)
        assert kept.process.pid != first.pid and kept.process.poll() is None

    def test_that_dies_again_and_again_is_given_up_after_growing_pauses(self, kept, capsys):
        now = 0
        for pause in (1, 2, 4, 8):
            die(kept)
            kept.tend(now)
            assert f"again in {pause} s" in capsys.readouterr().out
            now += pause
            kept.tend(now)
        die(kept)
        with pytest.raises(CannotStart, match=f"web ended with 1, {QUICK_DEATHS} times"):
            kept.tend(now)

    def test_that_lived_for_a_while_gets_all_its_chances_again(self, kept, capsys):
        die(kept)
        kept.tend(now=0)
        kept.tend(now=1)
        die(kept)
        kept.tend(now=1 + QUICK)
        assert "again in 0.5 s" in capsys.readouterr().out
