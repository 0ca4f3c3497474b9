"""Reads the JSON seating plans that pretix's editors write."""

from reservations.seating_plans.areas import read_area, rounded
from reservations.seating_plans.document import LONGEST_LABEL, opened
from reservations.seating_plans.extent import measured
from reservations.seating_plans.grades import STANDARD, used_grades
from reservations.seating_plans.layout import Layout, PlanSeat, SeatingPlanInvalid
from reservations.seating_plans.roll import Roll

LONGEST_GUID = 200


def read_pretix(source):
    """The layout in a JSON text, its bytes or its dict; unknown keys are passed over.

    Raises SeatingPlanInvalid with every fault of the file.
    """
    faults = []
    plan = opened(source, faults=faults)
    layout = read_plan(plan) if plan.is_object() else None
    if faults:
        raise SeatingPlanInvalid(faults)
    return layout


def read_plan(plan):
    name, size, colors = plan.child("name").filled(), read_size(plan), read_categories(plan)
    roll, areas = Roll(plan.faults), []
    for number, zone in enumerate(plan.child("zones").items(), start=1):
        areas += read_zone(zone, number, colors, roll)
    if plan.has("zones"):
        roll.note_count(place="zones")
    if plan.faults:
        return None
    grades = used_grades(roll.seats, declared=colors)
    seats, areas, size = measured(roll.seats, areas, size)
    return Layout(name, *size, grades, tuple(seats), tuple(areas))


def read_size(plan):
    """(width, height), or None where the file has none and it is measured."""
    size = plan.child("size")
    if not plan.has("size") or not size.is_object():
        return None
    return size.child("width").length(), size.child("height").length()


def read_categories(plan):
    """Name → color or None, in the file's order; None if the file has no list of them."""
    colors, places, categories = {}, {}, plan.child("categories")
    for node in categories.items():
        name = node.child("name").filled()
        if name in places:
            node.child("name").fault(f"the same as {places[name]}")
        elif name:
            places[name] = node.place
            colors[name] = node.child("color").color() if node.has("color") else None
    return colors if isinstance(categories.value, list) else None


def read_zone(zone, number, colors, roll):
    """Adds the zone's seats to the roll and answers its areas."""
    offset, section = zone.child("position").position(), section_of(zone, number)
    for row in zone.child("rows").items():
        read_row(row, section, offset, colors, roll)
    areas = zone.child("areas").items() if zone.has("areas") else []
    return [area for area in (read_area(node, offset=offset) for node in areas) if area]


def section_of(zone, number):
    for key in ("name", "zone_id"):
        name = zone.child(key).text() if zone.has(key) else ""
        if name != "":
            return name
    return f"Section {number}"


def read_row(row, section, offset, colors, roll):
    offset = moved(offset, row.child("position").position()) if row.has("position") else offset
    name = row.child("row_number").text(longest=LONGEST_LABEL)
    if name == "" and row.has("row_label"):
        name = row.child("row_label").text(longest=LONGEST_LABEL)
    for node in row.child("seats").items():
        seat = read_seat(node, row, section, name, offset, colors)
        roll.add(seat, place=node.place)
        if seat.guid:
            roll.note_double_guid(seat.guid, place=node.place)


def read_seat(node, row, section, name, offset, colors):
    x, y = moved(offset, node.child("position").position())
    return PlanSeat(
        guid=node.child("seat_guid").filled(longest=LONGEST_GUID),
        section=section,
        row=name,
        number=node.child("seat_number").filled(longest=LONGEST_LABEL),
        grade=grade_of(node.child("category"), colors),
        x=rounded(x),
        y=rounded(y),
        accessible=any_flag(("wheelchair", "accessible"), node, row),
        restricted_view=any_flag(("restricted_view", "restricted"), node, row),
    )


def moved(offset, position):
    return offset[0] + position[0], offset[1] + position[1]


def grade_of(category, colors):
    if category.value is None:
        return STANDARD
    name = category.text()
    if name and colors is not None and name not in colors:
        known = ", ".join(colors) or "there are none"
        category.fault(f'"{name}" is not among the categories ({known})')
    return name or STANDARD


def any_flag(keys, *nodes):
    # A list, so that a wrong value beside a true one is found as well.
    return any([node.child(key).flag() for node in nodes for key in keys if node.has(key)])
