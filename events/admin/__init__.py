"""The console's furniture, which the apps' own admin modules stand on; and its windows on what `events` keeps.

windows.py    a model that can be seen and not edited
fans.py       finding and naming fans
pictures.py   numbers over time, drawn
levers.py     a verb that an operator may pull, after a dry run, with a reason
handling.py   the pages of a noun's handles (events/handles.py), for one noun and for several
domains.py    models that live in every database
approvals.py  what waits for a second person
operator_log.py  who did what by hand, and the same as CSV
ledger.py, deliveries.py    the windows on events' own models
letters.py, letter_levers.py, letter_editing.py, letter_export.py    dead letters, and what is done with them
consumers.py                who is delivered to, how fast, and who is away or paused
"""

from events.admin import (  # noqa: F401  (they register their windows)
    approvals,
    consumers,
    deliveries,
    ledger,
    operator_log,
)
