// Says what the colors and shapes mean, what a grade costs and how many seats of it are left.

import { html, svg } from "./drawing.js";

export class Legend {
  constructor(plan, seats, words) {
    this.words = words;
    this.left = new Map(plan.grades.map((grade) => [grade.name, html("span", { class: "seat-map-left" })]));
    this.element = html(
      "div",
      { class: "seat-map-legend" },
      html("ul", { class: "seat-map-grades" }, ...plan.grades.map((grade) => this.grade(grade))),
      html("ul", { class: "seat-map-states" }, ...this.states(seats)),
    );
  }

  grade({ name, color, price }) {
    const words = [html("b", {}, name), html("span", {}, this.words.points(price)), this.left.get(name)];
    return html("li", {}, sample({ fill: color, stroke: color }), ...words);
  }

  states(seats) {
    const { chosen, taken, mine, accessible, restricted } = this.words;
    return [
      this.state(chosen, { class: "seat-map-seat is-chosen" }),
      this.state(taken, { class: "seat-map-seat", "data-state": "taken" }),
      this.state(mine, { class: "seat-map-seat", "data-state": "mine" }),
      seats.some((seat) => seat.accessible) && this.state(accessible, { class: "seat-map-plain" }, { square: true }),
      seats.some((seat) => seat.restricted_view) && this.state(restricted, { class: "seat-map-plain is-restricted" }),
    ].filter(Boolean);
  }

  state(word, look, shape) {
    return html("li", {}, sample(look, shape), word);
  }

  // `remaining` is {grade: number of free seats}.
  update(remaining) {
    for (const [grade, element] of this.left) {
      const count = remaining[grade] ?? 0;
      const text = count ? this.words.left(this.words.number(count)) : this.words.soldOut;
      if (element.textContent !== text) element.textContent = text;
    }
  }
}

function sample(look, { square = false } = {}) {
  const shape = square
    ? svg("rect", { ...look, x: 3, y: 3, width: 12, height: 12, rx: 2 })
    : svg("circle", { ...look, cx: 9, cy: 9, r: 6 });
  return svg("svg", { viewBox: "0 0 18 18", class: "seat-map-sample", "aria-hidden": "true" }, shape);
}
