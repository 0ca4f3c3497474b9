"""Colors of grades whose file names none."""

from reservations.seating_plans.layout import Grade

STANDARD = "Standard"
COLORS = {"VIP": "#7c3aed", "R": "#dc2626", "S": "#2563eb", "A": "#0f8a5f", "B": "#b45309"}
SPARE = ("#be185d", "#0e7490", "#4d7c0f", "#a16207", "#6d28d9", "#b91c1c", "#1d4ed8", "#047857")


def used_grades(seats, *, declared=()):
    """The grades that the seats have: those of `declared` (name → color) first, in its order."""
    used = dict.fromkeys(seat.grade for seat in seats)
    names = [name for name in declared if name in used]
    names += [name for name in used if name not in declared]
    colors = with_defaults({name: dict(declared).get(name) for name in names})
    return tuple(Grade(name=name, color=colors[name]) for name in names)


def with_defaults(colors):
    spare = (color for color in SPARE * (len(colors) // len(SPARE) + 1))
    return {name: color or COLORS.get(name) or next(spare) for name, color in colors.items()}
