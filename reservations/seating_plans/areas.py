"""Areas of a plan: the stage, bars, doors, words. Drawn below the seats, never for sale.

An area that was read is a plain dict with all places absolute:

    shape         circle, ellipse, polygon, rectangle or text
    x, y          centre of a circle or ellipse, upper left corner of a rectangle
    rotation      degrees clockwise about (x, y), of the shape and its text
    color         CSS color of the inside, and border_color; None where the file names none
    radius | rx, ry | width, height | points ([[x, y], …])
    text          None or {text, x, y, size, color}, (x, y) being its middle
"""

SHAPES = ("circle", "ellipse", "polygon", "rectangle", "text")
TEXT_SIZE = 16.0


def read_area(node, *, offset):
    """The area at `node` in a zone at `offset`; None if its shape is at fault."""
    shape = shape_of(node)
    x, y = absolute(node, offset)
    if shape not in SHAPES:
        node.child("shape").fault(f"must be one of {', '.join(SHAPES)}")
        return None
    area = {"shape": shape, "x": x, "y": y, **look_of(node), **MEASURES[shape](node, (x, y))}
    return area | {"text": text_of(node, area)}


def shape_of(node):
    if node.has("shape"):
        return node.child("shape").text()
    return "rectangle" if node.has("width") else "text"


def absolute(node, offset):
    x, y = node.child("position").position() if node.has("position") else (0.0, 0.0)
    return rounded(offset[0] + x), rounded(offset[1] + y)


def look_of(node):
    return {
        "rotation": optional(node, "rotation", 0.0),
        "color": node.child("color").color() if node.has("color") else None,
        "border_color": node.child("border_color").color() if node.has("border_color") else None,
    }


def optional(node, key, default):
    return node.child(key).number() if node.has(key) else default


def own(node, shape):
    """Editors write the measures under the name of the shape, older files beside it."""
    return node.child(shape) if node.has(shape) else node


def read_circle(node, _):
    return {"radius": own(node, "circle").child("radius").length()}


def read_ellipse(node, _):
    radius = own(node, "ellipse").child("radius")
    return {"rx": radius.child("x").length(), "ry": radius.child("y").length()}


def read_polygon(node, position):
    corners = own(node, "polygon").child("points")
    points = [point.position() for point in corners.items()]
    if isinstance(corners.value, list) and len(corners.value) < 3:
        corners.fault("must be at least 3 points")
    return {"points": [[rounded(position[0] + x), rounded(position[1] + y)] for x, y in points]}


def read_rectangle(node, _):
    size = own(node, "rectangle")
    return {"width": size.child("width").length(), "height": size.child("height").length()}


MEASURES = {
    "circle": read_circle,
    "ellipse": read_ellipse,
    "polygon": read_polygon,
    "rectangle": read_rectangle,
    "text": lambda node, position: {},
}


def text_of(node, area):
    words = node.child("text")
    if not node.has("text"):
        return None
    if isinstance(words.value, str):
        return text_in(area, words.text(), TEXT_SIZE, None, None)
    text = words.child("text").text() if words.has("text") else ""
    size = words.child("size").length() if words.has("size") else TEXT_SIZE
    color = words.child("color").color() if words.has("color") else None
    position = words.child("position").position() if words.has("position") else None
    return text_in(area, text, size, color, position)


def text_in(area, text, size, color, position):
    """`position` is relative to the area's; without one the text stands in its middle."""
    if not text:
        return None
    x, y = position or (area.get("width", 0.0) / 2, area.get("height", 0.0) / 2)
    x, y = rounded(area["x"] + x), rounded(area["y"] + y)
    return {"text": text, "x": x, "y": y, "size": size, "color": color}


def rounded(number):
    """To a hundredth of a unit: finer than any screen, and a shorter layout."""
    return round(number, 2)
