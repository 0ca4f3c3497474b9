"""Many at the same moment."""

import threading

from django.db import connections


def at_once(*actions) -> list:
    """Run the actions in as many threads, released together; their results, or what they raised, in order."""
    gate = threading.Barrier(len(actions))
    results = [None] * len(actions)

    def run(number, action):
        try:
            gate.wait(timeout=30)
            results[number] = action()
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n, action)) for n, action in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
