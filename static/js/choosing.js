// The seat map, and beside it the form with what was chosen.

import { seatMap } from "./seat-map.js";

const root = document.querySelector("[data-seat-map]");
const form = document.querySelector("[data-chosen]");
const part = (name) => form.querySelector(`[data-chosen-${name}]`);
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const points = (amount) => `${numbers.format(amount)} ${form.dataset.unit}`;

seatMap(root, {
  planUrl: root.dataset.planUrl,
  availabilityUrl: root.dataset.availabilityUrl,
  queueToken: root.dataset.queueToken,
  limit: Number(root.dataset.limit),
  onChange: show,
  onTrouble: (status) => {
    if (status === 401 || status === 403) location.reload(); // the server knows where to go on
  },
});

function show(seats) {
  part("none").hidden = seats.length > 0;
  part("button").disabled = seats.length === 0;
  part("total").textContent = points(seats.reduce((sum, seat) => sum + seat.price, 0));
  part("list").replaceChildren(...seats.map(line));
}

function line({ id, label, grade, price }) {
  const item = document.createElement("li");
  const input = Object.assign(document.createElement("input"), { type: "hidden", name: "seats", value: id });
  item.append(text("b", label), text("span", `${grade} · ${points(price)}`), input);
  return item;
}

function text(name, words) {
  return Object.assign(document.createElement(name), { textContent: words });
}
