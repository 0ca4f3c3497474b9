"""The service's own settings; only the site map has two views more, to compare with."""

from concert_site.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
