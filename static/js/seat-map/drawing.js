// Draws a seating plan: areas, then one shape per seat, then the names of sections.

const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Each seat of the plan, flat, with its full name.
export function seatsOf(plan, words) {
  return plan.sections.flatMap((section) =>
    section.rows.flatMap((row) =>
      row.seats.map((seat) => ({
        ...seat,
        section: section.name,
        row: row.label,
        name: words.seat(section.name, row.label, seat.label),
        state: "waiting",
      })),
    ),
  );
}

// The layer to pan and zoom. Sets `element` on each seat.
export function drawn(plan, seats, radius) {
  const colors = new Map(plan.grades.map((grade) => [grade.name, grade.color]));
  const shapes = seats.map((seat, index) => drawnSeat(seat, index, radius, colors.get(seat.grade)));
  const layer = svg(
    "g",
    {},
    svg("g", { class: "seat-map-areas", "aria-hidden": "true" }, ...(plan.areas || []).map(drawnArea)),
    svg("g", {}, ...shapes),
    svg("g", { class: "seat-map-sections", "aria-hidden": "true" }, ...sectionNames(seats, radius)),
  );
  layer.style.setProperty("--radius", radius);
  return layer;
}

// Wheelchair places are square, so that they differ in more than color.
function drawnSeat(seat, index, radius, color) {
  const kind = seat.restricted_view ? "seat-map-seat is-restricted" : "seat-map-seat";
  const meaning = { class: kind, role: "checkbox", tabindex: -1, "data-index": index, "data-state": seat.state };
  const look = { ...meaning, fill: color, stroke: color };
  seat.element = seat.accessible
    ? svg("rect", { ...look, ...square(seat, radius) })
    : svg("circle", { ...look, cx: seat.x, cy: seat.y, r: radius });
  return seat.element;
}

function square(seat, radius) {
  return { x: seat.x - radius, y: seat.y - radius, width: radius * 2, height: radius * 2, rx: radius / 4 };
}

function drawnArea(area) {
  const turn = area.rotation ? `rotate(${area.rotation} ${area.x} ${area.y})` : null;
  const look = { class: "seat-map-area", fill: area.color, stroke: area.border_color };
  const parts = [shapeOf(area, look), area.text && drawnText(area.text)];
  return svg("g", { transform: turn }, ...parts.filter(Boolean));
}

function shapeOf(area, look) {
  const { x, y, width, height, rx, ry } = area;
  if (area.shape === "circle") return svg("circle", { ...look, cx: x, cy: y, r: area.radius });
  if (area.shape === "ellipse") return svg("ellipse", { ...look, cx: x, cy: y, rx, ry });
  if (area.shape === "polygon") return svg("polygon", { ...look, points: area.points.join(" ") });
  if (area.shape === "rectangle") return svg("rect", { ...look, x, y, width, height });
  return null;
}

function drawnText({ text, x, y, size, color }) {
  return svg("text", { class: "seat-map-words", x, y, "font-size": size, fill: color }, text);
}

// In the middle of each section; shown while seats are too small to be told apart.
function sectionNames(seats, radius) {
  const sections = bySection(seats);
  if (sections.size < 2) return [];
  return [...sections].map(([name, members]) => {
    const box = boxOf(members);
    const look = { class: "seat-map-section", x: box.x + box.width / 2, y: box.y + box.height / 2 };
    return svg("text", { ...look, "font-size": radius * 7 }, name);
  });
}

function bySection(seats) {
  const sections = new Map();
  for (const seat of seats) {
    if (!sections.has(seat.section)) sections.set(seat.section, []);
    sections.get(seat.section).push(seat);
  }
  return sections;
}

function boxOf(points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

// So large that neighbours nearly touch: from the distances of a few hundred seats.
export function radiusFor(seats) {
  const step = Math.ceil(seats.length / 300);
  const distances = seats.filter((_, index) => index % step === 0).map((seat) => toNearest(seat, seats));
  const usual = distances.sort((a, b) => a - b)[Math.floor(distances.length / 10)];
  return Number.isFinite(usual) ? usual * 0.42 : 10;
}

function toNearest(from, seats) {
  let least = Infinity;
  for (const seat of seats) {
    const distance = (seat.x - from.x) ** 2 + (seat.y - from.y) ** 2;
    if (distance > 0 && distance < least) least = distance;
  }
  return Math.sqrt(least);
}
