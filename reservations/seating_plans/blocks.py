"""Draws rooms: straight and bent rows of seats in blocks, and the stage before them.

Angles are in degrees clockwise from rightwards: 90 points down, away from a stage at the top.
"""

import math
from dataclasses import replace

from reservations.seating_plans.layout import PlanSeat


def straight(x, y, *, seats, pitch, direction=0.0):
    """The points of a straight row with its middle at (x, y)."""
    dx, dy = at_angle(0.0, 0.0, pitch, direction)
    offsets = [index - (seats - 1) / 2 for index in range(seats)]
    return [(x + dx * offset, y + dy * offset) for offset in offsets]


def bent(x, y, *, radius, start, end, pitch, seats=None):
    """The points of a row around (x, y): so many seats, or as many as fit between the angles."""
    length = math.radians(abs(end - start)) * radius
    seats = seats or int(length / pitch) + 1
    step = math.degrees(pitch / radius) * (1 if end > start else -1)
    angles = [(start + end) / 2 + step * (index - (seats - 1) / 2) for index in range(seats)]
    return [at_angle(x, y, radius, angle) for angle in angles]


def at_angle(x, y, radius, angle):
    turn = math.radians(angle)
    return x + radius * math.cos(turn), y + radius * math.sin(turn)


def block(section, rows, *, grade, labels=None):
    """The seats of a section whose rows are lists of points. `grade` takes a row's index."""
    labels = labels or [str(number) for number in range(1, len(rows) + 1)]
    return [
        seat(section, label, number, grade(index), point)
        for index, (label, row) in enumerate(zip(labels, rows, strict=True))
        for number, point in enumerate(row, start=1)
    ]


def seat(section, row, number, grade, point):
    guid = f"{section}/{row}/{number}"
    return PlanSeat(guid, section, row, str(number), grade, round(point[0], 2), round(point[1], 2))


def marked(seats, *, accessible=(), restricted=()):
    """The seats, with those of the given guids marked. KeyError for a guid that is not there."""
    by_guid = {seat.guid: seat for seat in seats}
    for guid in accessible:
        by_guid[guid] = replace(by_guid[guid], accessible=True)
    for guid in restricted:
        by_guid[guid] = replace(by_guid[guid], restricted_view=True)
    return list(by_guid.values())


def stage(shape, *, x, y, text=None, **measures):
    """A dark area; `text` is what `words` answers."""
    look = {"rotation": 0.0, "color": "#27272a", "border_color": None}
    return {"shape": shape, "x": x, "y": y, **look, **measures, "text": text}


def words(text, *, x, y, size, color="#fafafa"):
    return {"text": text, "x": x, "y": y, "size": size, "color": color}


def title(text, *, x, y, size, rotation=0.0):
    """Words alone, in the page's own color of text."""
    area = {"shape": "text", "x": x, "y": y, "rotation": rotation}
    label = words(text, x=x, y=y, size=size, color=None)
    return area | {"color": None, "border_color": None, "text": label}
