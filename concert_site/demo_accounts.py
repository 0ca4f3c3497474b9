"""Who may sign in to the demo. Public on purpose: these accounts exist in demos only."""

PASSWORD = "see-you-at-the-show"  # noqa: S105
DEMO_ACCOUNTS = [  # (role, e-mail, password)
    ("fan with 500,000 points", "alice@example.com", PASSWORD),
    ("fan with no points yet", "bob@example.com", PASSWORD),
    ("operator", "operator@example.com", PASSWORD),
]
