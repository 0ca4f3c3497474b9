"""Brings databases and files up to the code; on the first start, the demo's data too. A step of `make run`."""

import argparse
import os
import time
from pathlib import Path

import django
from django.core.management import call_command


def main(seeded):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "concert_site.settings")
    django.setup()
    migrate()
    call_command("collectstatic", interactive=False)
    seed(seeded)


def migrate():
    from django.conf import settings

    for alias in settings.DATABASES:
        call_command("migrate", database=alias, interactive=False)


def seed(marker):
    if marker.exists():
        return
    started = time.monotonic()
    call_command("seed_demo")
    marker.touch()
    print(f"demo data made in {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seeded", type=Path, required=True, help="a file that says that the demo's data is there")
    main(arguments.parse_args().seeded)
