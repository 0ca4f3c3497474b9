import sys

from local_stack.guard import Guard
from local_stack.tests.owners import is_gone, owner, soon

# Takes its time to end when it is asked to, and then writes its name down.
SLEEPER = """
import signal, sys, time
def end(*_):
    time.sleep(0.2)
    with open(sys.argv[2], "a") as file:
        print(sys.argv[1], file=file)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""

OWNER = f"""
import sys, json, subprocess
from local_stack.guard import Guard
guard = Guard(remove=sys.argv[1])
sleepers = [
    guard.start([sys.executable, "-c", {SLEEPER!r}, name, sys.argv[2]], last=name == "server", stdout=subprocess.PIPE)
    for name in ("server", "program")
]
for sleeper in sleepers:
    sleeper.stdout.readline()
print(json.dumps([sleeper.pid for sleeper in sleepers]), flush=True)
if sys.stdin.read() == "end":
    guard.end()
"""


class TestTheGuard:
    def test_ends_programs_and_then_servers_when_their_owner_is_killed(self, tmp_path):
        directory, ended = tmp_path / "temporary", tmp_path / "ended"
        directory.mkdir()
        with owner(OWNER, directory, ended) as (process, pids):
            process.kill()
            assert soon(lambda: all(map(is_gone, pids)))
        assert ended.read_text().split() == ["program", "server"]
        assert soon(lambda: not directory.exists())

    def test_ends_them_the_same_way_when_their_owner_ends_them(self, tmp_path):
        with owner(OWNER, tmp_path / "temporary", tmp_path / "ended") as (process, pids):
            process.communicate("end", timeout=30)
            assert all(map(is_gone, pids))
        assert (tmp_path / "ended").read_text().split() == ["program", "server"]

    def test_lets_alone_what_it_was_told_to_forget(self):
        guard = Guard()
        process = guard.start([sys.executable, "-c", ""])
        process.wait()
        guard.forget(process)
        guard.end()
        assert process.returncode == 0
