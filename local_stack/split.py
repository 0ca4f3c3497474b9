"""`make run-split`: each domain as a deployment of its own, with its own database, behind one address.

They talk only through a broker: Redis Streams on the stack's own Valkey, or what BROKER_URL names. Reads PORT, HOST
and DATA_DIR like `make run`, whose data it does not touch.
"""

import os
import sys
import time
from urllib.parse import urlsplit

from local_stack import DOMAINS, ROOT, CannotStart, postgres
from local_stack.run import Stack, run
from local_stack.terminal import alarm

COLOURS = dict(zip(DOMAINS, ["36", "32", "33", "34", "35"], strict=True))
WITHOUT_WEB = {"settlement"}  # it listens, and nobody asks it anything
BROKER = 15  # Valkey's database for the broker; each domain has one of its own before that


def urls(database_url):
    """{domain: URL of its database} on that server."""
    parts = urlsplit(database_url)
    return {domain: parts._replace(path=f"{parts.path}_{domain}").geturl() for domain in DOMAINS}


def deployment(domain, *, database_urls, redis_url, broker_url):
    """What makes the code that domain's deployment. The console is in accounts', so that one may look into the others.

    There the accounts are in `default`, and the others under the names of their domains.
    """
    others = {of_domain(other): url for other, url in database_urls.items() if other != domain}
    return {
        "DOMAINS": domain,
        "DATABASE_URL": database_urls[domain],
        "REDIS_URL": redis_database(redis_url, DOMAINS.index(domain) + 1),
        "BROKER_URL": broker_url or redis_database(redis_url, BROKER),
        **(others if domain == "accounts" else {}),
    }


def everything(*, redis_of, **settings):
    """One that has all domains and that domain's Redis, for what is done to the whole: demo data, invariants."""
    redis_url = deployment(redis_of, **settings)["REDIS_URL"]
    return deployment("accounts", **settings) | {"DOMAINS": ",".join(DOMAINS), "REDIS_URL": redis_url}


def redis_database(url, number):
    return urlsplit(url)._replace(path=f"/{number}").geturl()


def of_domain(domain):
    return f"{domain.upper()}_DATABASE_URL"


class Split(Stack):
    """The programs of five deployments, and the edge before them."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.settings = {
            "database_urls": urls(self.servers.database_url),
            "redis_url": self.servers.redis_url,
            "broker_url": os.environ.get("BROKER_URL", ""),
        }

    def _prepare(self):
        names = [urlsplit(url).path.removeprefix("/") for url in self.settings["database_urls"].values()]
        postgres.create_databases(self.servers.database_url, names)
        migrations = [self._django(f"migrate {domain}", domain, "migrate", "--no-input") for domain in DOMAINS]
        static = self._django("static", "accounts", "collectstatic", "--no-input")
        return self._done(*migrations, static) and self._seeded()

    def _seeded(self):
        marker = self.directory.path / "demo-data-is-there"
        if marker.exists():
            return True
        whole = everything(redis_of="reservations", **self.settings)  # which keeps the ranking
        done = self._done(self._django("seed", "reservations", "seed_demo", **whole))
        if done:
            marker.touch()
        return done

    def _done(self, *programs):
        """Whether all got to their end before we were asked to stop."""
        processes = [program.start() for program in programs]
        while any(process.poll() is None for process in processes) and not self.stop:
            time.sleep(0.05)
        for process in processes:
            if process.returncode is not None:
                self.guard.forget(process)
        if any(process.returncode for process in processes):
            raise CannotStart(f"The databases could not be prepared; see above, or {self.directory.log}.")
        return not self.stop

    def _start_programs(self):
        ports = {domain: self.directory.port(f"web {domain}") for domain in DOMAINS if domain not in WITHOUT_WEB}
        for domain in DOMAINS:
            self._keep_program(self._django(f"work {domain}", domain, "work"))
            if domain in ports:
                self._keep_program(self._web(domain, ports[domain]))
        received = self.directory.path / "data-platform.jsonl"
        platform = ["local_stack.data_platform", "--port", self.data_platform_port, "--file", received]
        self._keep_program(self._program("platform", "37", *platform))
        edge = ["local_stack.edge", "--host", self.host, "--port", self.port]
        self._keep_program(self._program("edge", "37", *edge, *(f"{each}={port}" for each, port in ports.items())))

    def _keep_program(self, program):
        self._keep(program.name, program.start(), program.start)

    def _web(self, domain, port):
        web = ["granian", "concert_site.wsgi:application", "--interface", "wsgi", "--host", "127.0.0.1"]
        web += ["--port", port, "--workers", 1, "--blocking-threads", 4, "--no-ws", "--respawn-failed-workers"]
        return self._program(f"web {domain}", COLOURS[domain], *web, **self._deployment(domain), DATABASE_POOL="1")

    def _django(self, name, domain, *command, **variables):
        settings = self._deployment(domain) | {"DJANGO_SETTINGS_MODULE": "concert_site.settings"} | variables
        return self._program(name, COLOURS[domain], "django", *command, **settings)

    def _deployment(self, domain):
        return deployment(domain, **self.settings)


if __name__ == "__main__":
    try:
        run(Split, default_directory=ROOT / ".data-split")
    except CannotStart as problem:
        alarm(f"\n{problem}")
        sys.exit(1)
