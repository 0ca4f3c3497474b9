"""`make run` and `make manage` for real, with a service that is as small as can be: the whole one takes longer."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys

import psutil
import pytest

from local_stack import ROOT
from local_stack.directory import DataDirectory, free_port
from local_stack.tests.owners import is_gone

SERVICE = {
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "concert_site.settings"
execute_from_command_line(sys.argv)
""",
    "concert_site/__init__.py": "",
    "concert_site/settings.py": """
import environ
env = environ.Env()
SECRET_KEY, ALLOWED_HOSTS, STATIC_ROOT = env("SECRET_KEY"), env.list("ALLOWED_HOSTS"), env("STATIC_ROOT")
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles", "concert_site"]
ROOT_URLCONF, STATIC_URL = "concert_site.urls", "/static/"
DATABASES = {"default": env.db_url("DATABASE_URL")}
""",
    "concert_site/urls.py": """
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("readyz", lambda request: HttpResponse())]
""",
    "concert_site/wsgi.py": """
import os
from django.core.wsgi import get_wsgi_application
os.environ["DJANGO_SETTINGS_MODULE"] = "concert_site.settings"
application = get_wsgi_application()
""",
    "concert_site/celery.py": """
import os
from celery import Celery
app = Celery(broker=os.environ["REDIS_URL"])
""",
    "concert_site/demo_accounts.py": 'DEMO_ACCOUNTS = [("fan", "alice@example.com", "secret")]',
    "concert_site/management/commands/seed_demo.py": """
from django.core.management import BaseCommand
class Command(BaseCommand):
    def handle(self, **options):
        self.stdout.write("made the demo's data")
""",
}


WITHOUT_TOOLS = """
import importlib, sys
sys.modules |= dict.fromkeys(["pytest", "hypothesis", "playwright", "schemathesis", "time_machine"])
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize("program", ["run", "split", "manage"])
def test_a_program_needs_nothing_that_only_the_tests_have(program):
    subprocess.run([sys.executable, "-c", WITHOUT_TOOLS, f"local_stack.{program}"], cwd=ROOT, check=True)


@pytest.mark.parametrize("program", ["waiting_room", "events", "outage"])
def test_nor_does_a_benchmark(program):
    subprocess.run([sys.executable, "-c", WITHOUT_TOOLS, f"bench.{program}"], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def service(new_directory):
    root = new_directory()
    shutil.copytree(ROOT / "local_stack", root / "local_stack", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    for name, text in SERVICE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def port():
    return free_port()


def start(service, port, module="run", *arguments):
    mine = {"PORT": str(port), "DATABASE_URL": "", "REDIS_URL": "", "PYTHONPATH": "", "STATIC_ROOT": ""}
    command = [sys.executable, "-m", f"local_stack.{module}", *arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=service, env=os.environ | mine, **options)


@contextlib.contextmanager
def running(service, port):
    """The process and what it printed until everything answered."""
    run = start(service, port)
    try:
        printed = []
        for line in run.stdout:
            printed.append(line)
            if "Ctrl-C" in line:
                break
        yield run, "".join(printed)
    finally:
        run.kill()
        run.communicate()


class TestMakeRun:
    def test_shares_its_data_refuses_a_second_one_and_ends_all_it_started(self, service, port):
        with running(service, port) as (run, printed):
            assert "made the demo's data" in printed
            assert f"http://127.0.0.1:{port}/" in printed and "alice@example.com" in printed

            refusal = start(service, port).communicate()[0]
            assert f"is in use by the service at http://127.0.0.1:{port} (pid {run.pid})" in refusal

            shown = start(service, port, "manage", "showmigrations").communicate()[0]
            assert "[X] 0001_initial" in shown

            started = [child.pid for child in psutil.Process(run.pid).children(recursive=True)]
            assert len(started) > 7  # the guard, two servers, four programs, and their own processes
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=30)
            assert run.returncode == 0
            assert all(map(is_gone, started))

    def test_leaves_its_data_to_make_manage(self, service, port):
        shown = start(service, port, "manage", "showmigrations").communicate()[0]
        assert "[X] 0001_initial" in shown
        assert DataDirectory(service / ".data").user() is None
