"""Something that speaks Kafka on loopback, for other processes too: the mock cluster inside librdkafka.

Prints where, and lives until its stdin is closed.
"""

import sys

import confluent_kafka

producer = confluent_kafka.Producer({"bootstrap.servers": "ignored", "test.mock.num.brokers": 1, "log_level": 2})
brokers = producer.list_topics(timeout=10).brokers.values()
print(",".join(f"{broker.host}:{broker.port}" for broker in brokers), flush=True)
sys.stdin.read()
