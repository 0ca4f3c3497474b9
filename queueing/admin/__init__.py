"""Rooms in the operator console.

rooms.py        the list, and the page of a room while it sells; registered by the site, which knows its concert
pulling.py      a lever's pages: what is asked, what will happen, what happened
live.py         what is told of a room, every few seconds
chart.py        the last hour, drawn
admissions.py   who was let in
"""

from queueing.admin import admissions as admissions
