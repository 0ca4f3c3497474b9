// A seat map to choose from, kept up to date.
//
//   import { seatMap } from "./seat-map.js";
//   const map = seatMap(element, { planUrl, availabilityUrl, queueToken, limit, onChange });
//
// `onChange` is called with the chosen seats, [{id, label, grade, price}], whenever they change;
// `onTrouble`, if given, with the HTTP status (0 for none) when what is free could not be asked.
// The map it answers has choose(ids), clear(), refresh() and stop().

import { drawn, html, radiusFor, seatsOf, svg } from "./seat-map/drawing.js";
import { isArrow, neighbour, seatAt } from "./seat-map/finding.js";
import { Legend } from "./seat-map/legend.js";
import { Live } from "./seat-map/live.js";
import { View } from "./seat-map/view.js";
import { wordsFor } from "./seat-map/words.js";

const TAPPABLE = { mouse: 4, pen: 6, touch: 8 }; // radius in pixels; on a smaller seat a tap zooms in
const COMFORTABLE = 14;

export function seatMap(root, options) {
  const map = new SeatMap(root, { limit: 1, onChange: () => {}, ...options });
  map.load();
  return map;
}

class SeatMap {
  constructor(root, options) {
    Object.assign(this, { root, options, chosen: new Set(), seats: [] });
    this.words = wordsFor(options.language ?? document.documentElement.lang);
    this.surface = svg("svg", { class: "seat-map-surface", role: "group", "aria-label": this.words.map });
    this.tip = html("div", { class: "seat-map-tip", "aria-hidden": "true", hidden: "" });
    this.message = html("p", { class: "seat-map-message", role: "status" });
    this.window = html("div", { class: "seat-map-window" }, this.surface, this.tip);
    this.foot = html("div", { class: "seat-map-foot" }, this.message, this.buttons());
    root.classList.add("seat-map");
  }

  async load() {
    try {
      const response = await fetch(this.options.planUrl, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(response.status);
      this.draw(await response.json());
    } catch (error) {
      console.error(error);
      this.root.replaceChildren(this.message);
      this.say(this.words.noPlan, { trouble: true });
    }
  }

  draw(plan) {
    this.seats = seatsOf(plan, this.words);
    this.byId = new Map(this.seats.map((seat) => [seat.id, seat]));
    this.radius = radiusFor(this.seats);
    this.legend = new Legend(plan, this.seats, this.words);
    const layer = drawn(plan, this.seats, this.radius);
    this.surface.append(layer);
    this.root.replaceChildren(this.legend.element, this.window, this.foot);
    const box = this.box(plan, layer);
    this.window.style.setProperty("--shape", box.width / box.height);
    this.view = new View(this.surface, layer, { box, radius: this.radius, onMove: () => this.moved() });
    this.listen();
    this.follow();
  }

  // The plan's size may leave wide margins or cut seats off. An element that is not shown has no box yet.
  box(plan, layer) {
    const [{ x, y, width, height }, margin] = [layer.getBBox(), this.radius * 2];
    if (!width || !height) return { x: 0, y: 0, width: plan.width, height: plan.height };
    return { x: x - margin, y: y - margin, width: width + margin * 2, height: height + margin * 2 };
  }

  follow() {
    for (const seat of this.seats) this.label(seat);
    this.seats[0]?.element.setAttribute("tabindex", 0);
    this.current = this.seats[0];
    this.live = new Live(this.options.availabilityUrl, {
      queueToken: this.options.queueToken,
      onAnswer: (availability) => this.update(availability),
      onTrouble: (status) => this.lose(status),
    });
  }

  listen() {
    this.surface.addEventListener("click", (event) => this.click(event));
    this.surface.addEventListener("keydown", (event) => this.key(event));
    // On the window: Chromium lets one tab to an <svg> that itself listens for focus.
    this.window.addEventListener("focusin", (event) => this.focused(this.seatOf(event.target)));
    this.window.addEventListener("focusout", () => this.point(null));
    this.surface.addEventListener("pointermove", (event) => this.hover(event));
    this.surface.addEventListener("pointerleave", () => this.point(null));
  }

  // --- what is free

  update({ remaining, unavailable, mine }) {
    this.recover();
    const [taken, own] = [new Set(unavailable), new Set(mine)];
    for (const seat of this.seats) {
      this.turn(seat, own.has(seat.id) ? "mine" : taken.has(seat.id) ? "taken" : "free");
    }
    this.legend.update(remaining);
    this.giveUpTheGone();
  }

  turn(seat, state) {
    if (seat.state === state) return;
    seat.state = state;
    seat.element.dataset.state = state;
    this.label(seat);
  }

  label(seat) {
    const state = this.words[this.chosen.has(seat) ? "chosen" : seat.state];
    seat.element.setAttribute("aria-label", [...this.facts(seat), state].join(", "));
    seat.element.setAttribute("aria-checked", this.chosen.has(seat));
    seat.element.setAttribute("aria-disabled", seat.state !== "free");
  }

  facts(seat) {
    const { accessible, restricted, points } = this.words;
    const notes = [seat.accessible && accessible, seat.restricted_view && restricted].filter(Boolean);
    return [seat.name, seat.grade, points(seat.price), ...notes];
  }

  giveUpTheGone() {
    const gone = [...this.chosen].filter((seat) => seat.state !== "free");
    const lost = gone.filter((seat) => seat.state === "taken");
    if (gone.length) this.change(() => gone.forEach((seat) => this.chosen.delete(seat)), gone);
    if (lost.length) this.say(this.words.gone(lost.map((seat) => seat.name).join("; ")), { trouble: true });
  }

  lose(status) {
    const { notSignedIn, notYourTurn, noPlan, unavailable } = this.words;
    this.lost = true;
    this.say({ 401: notSignedIn, 403: notYourTurn, 404: noPlan }[status] ?? unavailable, { trouble: true });
    this.options.onTrouble?.(status);
  }

  recover() {
    if (this.lost) this.say("");
    this.lost = false;
  }

  // --- choosing

  // Chooses these seats instead of the others, those that are free, as many as are allowed.
  choose(ids) {
    const wanted = ids.map((id) => this.byId.get(id)).filter((seat) => seat?.state === "free");
    const before = [...this.chosen];
    this.change(() => (this.chosen = new Set(wanted.slice(0, this.options.limit))), [...before, ...wanted]);
    if (wanted.length) this.view.zoomTo(wanted[0], COMFORTABLE);
  }

  clear() {
    this.choose([]);
  }

  refresh() {
    return this.live?.refresh();
  }

  stop() {
    this.live?.stop();
    this.view?.stop();
  }

  toggle(seat) {
    const { limit } = this.options;
    if (seat.state !== "free") return this.say([seat.name, this.words[seat.state]].join(", "));
    if (this.chosen.has(seat)) return this.change(() => this.chosen.delete(seat), [seat]);
    if (limit === 1) return this.change(() => (this.chosen = new Set([seat])), [seat, ...this.chosen]);
    if (this.chosen.size >= limit) return this.say(this.words.limit(limit), { trouble: true });
    return this.change(() => this.chosen.add(seat), [seat]);
  }

  change(act, seats) {
    act();
    for (const seat of seats) {
      seat.element.classList.toggle("is-chosen", this.chosen.has(seat));
      this.label(seat);
    }
    this.say([...this.chosen].map((seat) => this.facts(seat).join(", ")).join("; "));
    this.options.onChange([...this.chosen].map(({ id, name, grade, price }) => ({ id, label: name, grade, price })));
  }

  // --- pointer and keys

  click(event) {
    if (event.detail === 0) return this.tap(this.seatOf(event.target)); // by a screen reader, without a pointer
    if (this.view.dragged) return;
    const [point, kind] = [this.view.toPlan(event), event.pointerType || "mouse"];
    const seat = seatAt(this.seats, point, this.radius * (kind === "mouse" ? 1.1 : 1.6));
    if (this.view.seatPixels() < TAPPABLE[kind]) this.view.zoomTo(seat ?? point, COMFORTABLE);
    else this.tap(seat);
  }

  tap(seat) {
    if (!seat) return;
    this.focus(seat);
    this.toggle(seat);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.current) return;
    const actions = { " ": () => this.toggle(this.current), Enter: () => this.toggle(this.current) };
    const zooms = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 };
    if (isArrow(event.key)) this.focus(neighbour(this.seats, this.current, event.key) ?? this.current);
    else if (actions[event.key]) actions[event.key]();
    else if (zooms[event.key]) this.view.zoomBy(zooms[event.key], this.view.toScreen(this.current));
    else return;
    event.preventDefault();
  }

  focus(seat) {
    this.current.element.setAttribute("tabindex", -1);
    this.current = seat;
    seat.element.setAttribute("tabindex", 0);
    seat.element.focus({ preventScroll: true });
  }

  focused(seat) {
    if (!seat || !seat.element.matches(":focus-visible")) return;
    if (this.view.seatPixels() < TAPPABLE.pen) this.view.zoomTo(seat, COMFORTABLE);
    else this.view.reveal(seat);
    this.point(seat);
  }

  seatOf(element) {
    return this.seats[element.dataset.index];
  }

  hover(event) {
    if (event.pointerType !== "mouse" || this.view.pointers.size) return;
    this.point(seatAt(this.seats, this.view.toPlan(event), this.radius * 1.1));
  }

  // --- what is shown beside the seats

  point(seat) {
    this.pointed = seat;
    this.tip.hidden = !seat;
    if (!seat) return;
    this.tip.replaceChildren(...[...this.facts(seat), this.words[seat.state]].map((fact) => html("span", {}, fact)));
    this.placeTip();
  }

  // Above the seat, below it near the upper edge, and never over the sides.
  placeTip() {
    const { x, y } = this.view.toScreen(this.pointed);
    const [gap, { width, height }] = [this.view.seatPixels() + 8, this.tip.getBoundingClientRect()];
    const left = Math.min(Math.max(x - width / 2, 4), this.view.size.width - width - 4);
    const top = y - gap - height < 4 ? y + gap : y - gap - height;
    this.tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  moved() {
    this.root.classList.toggle("is-far", this.view.seatPixels() < TAPPABLE.mouse);
    this.root.classList.toggle("is-whole", this.view.isWhole());
    if (this.pointed) this.placeTip();
  }

  say(text, { trouble = false } = {}) {
    this.message.classList.toggle("is-trouble", trouble);
    if (this.message.textContent !== text) this.message.textContent = text;
  }

  buttons() {
    const { zoomIn, zoomOut, whole } = this.words;
    return html(
      "div",
      { class: "seat-map-buttons" },
      this.button("+", zoomIn, () => this.view.zoomBy(1.6)),
      this.button("−", zoomOut, () => this.view.zoomBy(1 / 1.6)),
      this.button("⤢", whole, () => this.view.fit()),
    );
  }

  button(sign, name, act) {
    const button = html("button", { type: "button", "aria-label": name, title: name }, sign);
    button.addEventListener("click", act);
    return button;
  }
}
