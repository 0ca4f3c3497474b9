import os

from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "concert_site.settings")

django = get_wsgi_application()


def application(environ, start_response):
    """Django fails on a Content-Type with a charset that is none, some before any of our code is asked."""
    if not _has_text(environ.get("CONTENT_TYPE", "")):
        environ["CONTENT_TYPE"] = "application/octet-stream"
    return django(environ, start_response)


def _has_text(content_type):
    try:
        charset = parse_header_parameters(content_type)[1].get("charset", "utf-8")
        return b"-".decode(charset) == "-"
    except Exception:  # whatever the parsers say to what a stranger has made up
        return False
