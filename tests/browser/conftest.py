"""Real Chromium, where there is one: E2E_CHROMIUM names it, else the system's is taken."""

import os
import shutil

import pytest

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # playwright keeps an event loop in the main thread
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium():
    return os.environ.get("E2E_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    program = chromium()
    if program is None:
        pytest.skip("no Chromium on this machine: install one, or name it in E2E_CHROMIUM")
    arguments = ["--disable-dev-shm-usage", "--disable-gpu"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # root has no sandbox
    return {**browser_type_launch_args, "executable_path": program, "args": arguments}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """A phone."""
    size = {"width": 390, "height": 844}
    return {**browser_context_args, "viewport": size, "is_mobile": True, "has_touch": True, "locale": "en"}
