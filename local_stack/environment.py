"""What the programs of the stack are told, beside the environment of whoever started it."""

import os


def environment(servers, *, host="127.0.0.1", data_platform_url=""):
    """With it a command started elsewhere works on the same data, so exported databases of domains belong to it."""
    directory = servers.directory
    return _databases_of_domains() | {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "SECRET_KEY": directory.secret("secret key"),
        "DEMO": "1",
        "DEBUG": "0",
        "ALLOWED_HOSTS": ",".join(_hosts(host)),
        "LOG_FORMAT": "console",
        "STATIC_ROOT": str(directory.path / "static"),
        "EMAIL_URL": os.environ.get("EMAIL_URL") or "consolemail://",
        "DATA_PLATFORM_URL": data_platform_url,
        "DATA_PLATFORM_SECRET": data_platform_secret(directory),
    }


def data_platform_secret(directory):
    """As Standard Webhooks wants it: base64, and hexadecimal digits are that too."""
    return f"whsec_{directory.secret('data platform')}"


def _databases_of_domains():
    return {
        name: url for name, url in os.environ.items() if name.endswith("_DATABASE_URL") and not name.startswith("TEST_")
    }


def _hosts(host):
    yield from ("127.0.0.1", "localhost")
    if host == "0.0.0.0":  # noqa: S104 - by whatever name the machine is called
        yield "*"
    elif host not in ("127.0.0.1", "localhost"):
        yield host
    if chosen := os.environ.get("ALLOWED_HOSTS"):
        yield chosen
