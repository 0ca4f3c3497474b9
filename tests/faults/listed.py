"""The faults that must be survived, kept here alone. Who tests which: docs/faults.md.

A test carries one or more of them, with the invariants that hold after it: @pytest.mark.fault("a gap", holds="E O").
"""

FAULTS = [
    # A process dies or freezes
    "shop killed after the hold's commit",
    "shop killed between commit and push",
    "relay killed after a claim",
    "relay killed after publishing",
    "relay killed halfway through a lane",
    "consumer killed before its commit",
    "consumer killed after its commit",
    "relay frozen longer than its lease, then woken",
    "two relays",
    "three relays",
    "payload that kills its worker",
    # Messages and brokers
    "broker down for a minute",
    "broker down for two hours",
    "broker wiped",
    "publish timed out but applied",
    "unroutable",
    "each message three times, shuffled",
    "a gap",
    "poison payload at the head of a lane",
    "old consumer, new event version",
    "new consumer, old event version",
    "100,000 behind, one hot lane, one held lane",
    # The saga
    "debit declined",
    "refund before debit",
    "refund twice, by saga and operator at once",
    "compensation fails 100 times",
    "deadline and success at the same moment",
    "hold expires while paying, seat sold to another",
    "same idempotency key twice at once",
    # The data platform
    "platform answers 500",
    "platform times out",
    "platform answers 200 after 40 s",
    "platform answers 409",
    "platform answers nonsense",
    "platform answers 429",
    # Databases, Redis, clocks
    "database restarted during each step",
    "a domain's database away for a minute",
    "outcome of a commit unknown",
    "worker's clock 10 minutes wrong",
    "Redis killed and restarted",
    "Redis wiped",
    "connection pool exhausted",
    # Operators
    "bulk retry clicked twice",
    "bulk retry by two operators",
]
