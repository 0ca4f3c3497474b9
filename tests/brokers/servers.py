"""Brokers of the tests' own, on loopback, that can be restarted and wiped; gone with the test run.

Each has `url`, and `missing()` says what this machine lacks to run it, "" when nothing.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import redis
from kombu import Connection
from kombu.exceptions import OperationalError

from local_stack import binaries
from local_stack.directory import free_port, is_free
from local_stack.guard import Guard
from local_stack.servers import temporary_directory

SECONDS_TO_BE_READY = 60
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one on PATH insists on being a system service


def wait_for(met, *, unless=lambda: None, log=None):
    deadline = time.monotonic() + SECONDS_TO_BE_READY
    while not met():
        assert unless() is None and time.monotonic() < deadline, log and log.read_text()[-3000:]
        time.sleep(0.05)


class Broker:
    name: str
    can_restart = True
    ending = signal.SIGKILL  # as a machine that loses its power

    def __init__(self):
        self.home = temporary_directory()
        self.guard = Guard(remove=self.home)
        self.process = None

    def start(self):
        self.process = self._launch()
        wait_for(self._answers, unless=self.process.poll, log=self._log())
        return self

    def end(self):
        """It is gone until it is started again."""
        os.killpg(self.process.pid, self.ending)
        self.process.wait()
        self.guard.forget(self.process)

    def freeze(self):
        os.killpg(self.process.pid, signal.SIGSTOP)
        wait_for(lambda: Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def wipe(self):
        """It comes back without its memory."""
        self.end()
        self._forget()
        self.start()

    def stop(self):
        self.guard.end()

    def _run(self, *command, **environment):
        with open(self._log(), "ab") as log:
            return self.guard.start(
                command, env=os.environ | environment, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _log(self):
        return self.home / "log"


class RedisBroker(Broker):
    name = "Redis Streams"

    @staticmethod
    def missing():
        return ""  # it comes with the requirements

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def empty(self):
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _launch(self):
        settings = ["--port", self.port, "--bind", "127.0.0.1", "--dir", self._data(), "--save", ""]
        self._data().mkdir(exist_ok=True)
        return self._run(binaries.valkey(), *settings, "--appendonly", "yes", "--appendfsync", "always")

    def _answers(self):
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return client.ping()
        except redis.RedisError:
            return False

    def dead_letters(self, topic):
        with redis.Redis.from_url(self.url) as client:
            return [fields[b"body"] for _, fields in client.xrange(f"{topic}.dead")]

    def _forget(self):
        shutil.rmtree(self._data())

    def _data(self):
        return self.home / "data"


class RabbitBroker(Broker):
    name = "RabbitMQ"
    ending = signal.SIGTERM  # killed, 3.10 never finds a quorum queue again that is younger than some seconds

    @staticmethod
    def missing():
        return "" if RABBITMQ.exists() else "rabbitmq-server is not installed (apt install rabbitmq-server)"

    def __init__(self):
        super().__init__()
        self.port, self.between_nodes, self.epmd_port = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        loopback = {"ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(self.epmd_port)}
        self.environment = loopback | {
            "HOME": str(self.home),  # the cookie is made here
            "RABBITMQ_NODENAME": f"test-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.between_nodes),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq"),
        }
        (self.home / "plugins").write_text("[].\n")
        self._run("epmd", **loopback)  # ours, because the node would leave one behind
        wait_for(lambda: not is_free(self.epmd_port))

    def _launch(self):
        return self._run(RABBITMQ, **self.environment)

    def _answers(self):
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                return bool(connection.ensure_connection(max_retries=1, interval_start=0, timeout=2))
        except (OperationalError, OSError):
            return False

    def dead_letters(self, topic):
        """Put there by the broker itself, a moment later."""
        with Connection(self.url) as connection:
            queue = connection.SimpleQueue(f"{topic}.dead", queue_args={"x-queue-type": "quorum"})
            message = queue.get(timeout=5)
            return [bytes(message.body)]

    def _forget(self):
        shutil.rmtree(self.home / "data")


class KafkaBroker(Broker):
    """Yours, or librdkafka's own mock: that one keeps nothing and can't be restarted."""

    name = "Kafka"
    can_restart = False

    @staticmethod
    def missing():
        try:
            import confluent_kafka  # noqa: F401
        except ImportError:
            return "confluent-kafka is not installed (pip install -r requirements-kafka.txt)"
        return ""

    def start(self):
        if yours := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
            self.url = f"kafka://{yours}"
            return self
        with open(self._log(), "ab") as log:
            self.process = self.guard.start(
                [sys.executable, Path(__file__).with_name("mock_kafka.py")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        servers = self.process.stdout.readline().strip()
        assert servers, self._log().read_text()
        self.url = f"kafka://{servers}"
        return self

    def dead_letters(self, topic):
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({"bootstrap.servers": self.url.removeprefix("kafka://"), "group.id": "nobody"})
        name = f"{topic}.dead"
        partitions = consumer.list_topics(name, timeout=5).topics[name].partitions
        consumer.assign([TopicPartition(name, number, 0) for number in partitions])
        found = consumer.consume(1, timeout=5)
        consumer.close()
        return [message.value() for message in found]


BROKERS = [RedisBroker, RabbitBroker, KafkaBroker]
