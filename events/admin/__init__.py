"""The console's furniture, which the apps' own admin modules stand on; and its windows on what `events` keeps.

windows.py    a model that can be seen and not edited
fans.py       finding and naming fans
pictures.py   numbers over time, drawn
levers.py     a verb that an operator may pull, after a dry run, with a reason
domains.py    models that live in every database
ledger.py, deliveries.py    the windows on events' own models
"""

from events.admin import deliveries, ledger  # noqa: F401  (they register their windows)
