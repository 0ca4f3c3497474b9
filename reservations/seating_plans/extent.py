"""How much room seats and areas take."""

import math
from dataclasses import replace

MARGIN = 40.0
SEAT = 12.0
LETTER = 0.7  # of its size is the width of a wide letter


def measured(seats, areas, size):
    """Seats, areas and (width, height): as they are if the size is known, else moved to fit."""
    if size:
        return seats, areas, size
    left, top, right, bottom = extent(seats, areas)
    dx, dy = round(MARGIN - left, 2), round(MARGIN - top, 2)
    size = math.ceil(right + dx + MARGIN), math.ceil(bottom + dy + MARGIN)
    seats = [replace(seat, x=round(seat.x + dx, 2), y=round(seat.y + dy, 2)) for seat in seats]
    return seats, [moved_area(area, dx, dy) for area in areas], (float(size[0]), float(size[1]))


def extent(seats, areas):
    """(left, top, right, bottom) of everything. There is at least one seat or area."""
    boxes = [(s.x - SEAT, s.y - SEAT, s.x + SEAT, s.y + SEAT) for s in seats]
    boxes += [box for area in areas for box in boxes_of(area)]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def boxes_of(area):
    """Rectangles that together hold the area, by its widest reach where it is turned."""
    x, y = area["x"], area["y"]
    if area["shape"] == "polygon" and not area["rotation"]:
        return [(px, py, px, py) for px, py in area["points"]] or [(x, y, x, y)]
    if area["shape"] == "rectangle" and not area["rotation"]:
        return [(x, y, x + area["width"], y + area["height"])]
    reach = reach_of(area)
    return [(x - reach, y - reach, x + reach, y + reach)]


def reach_of(area):
    """How far from (x, y) the area goes at most."""
    corners = [(px - area["x"], py - area["y"]) for px, py in area.get("points", [])]
    corners.append((area.get("width", 0.0), area.get("height", 0.0)))
    widest = max(area.get("radius", 0.0), area.get("rx", 0.0), area.get("ry", 0.0))
    return max(widest, reach_of_text(area), *(math.hypot(*corner) for corner in corners))


def reach_of_text(area):
    text = area["text"]
    if not text:
        return 0.0
    to_middle = math.hypot(text["x"] - area["x"], text["y"] - area["y"])
    return to_middle + len(text["text"]) * text["size"] * LETTER / 2


def moved_area(area, dx, dy):
    moved = area | {"x": round(area["x"] + dx, 2), "y": round(area["y"] + dy, 2)}
    if "points" in area:
        moved["points"] = [[round(x + dx, 2), round(y + dy, 2)] for x, y in area["points"]]
    if area["text"]:
        x, y = area["text"]["x"], area["text"]["y"]
        moved["text"] = area["text"] | {"x": round(x + dx, 2), "y": round(y + dy, 2)}
    return moved
