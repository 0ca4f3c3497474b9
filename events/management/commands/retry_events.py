from events.management.letters import OnLetters


class Command(OnLetters):
    help = "Sends dead deliveries of all databases on their way again, each with an operator's action."
    verb, would_be = "retry", "would be retried"
