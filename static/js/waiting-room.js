// Asks for the fan's place when the server said to ask again, and loads the page when something else is to be seen:
// it is the fan's turn, the place is over, or the room's state has changed.

import { call, offer } from "./alarm.js";

const ROOM_EVERY = 5_000;
const PATIENCE = 10_000;
const root = document.querySelector("[data-waiting-room]");
const { placeUrl, roomUrl, state, status, poll } = root.dataset;
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const part = (name) => root.querySelector(`[data-${name}]`);
const LONGER = 60; // seconds that the time to wait must have grown for a word about it
let spokenAt = 0;
let toldSeconds = Infinity;

offer(part("alarm"));
if (status === "WAITING") after(Number(poll) * 1000, askForPlace);
askForRoom();

function after(milliseconds, act) {
  setTimeout(act, milliseconds);
}

async function answered(url) {
  const options = { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE) };
  const response = await fetch(url, options);
  if (response.status === 401 || response.status === 404) location.reload();
  if (!response.ok) throw new Error(response.status);
  return response.json();
}

async function askForPlace() {
  let seconds = 5;
  try {
    const place = await answered(placeUrl);
    if (place.status === "ACTIVE") await call(part("alarm"));
    if (place.status !== "WAITING" || (place.number && !part("ahead") && state === "OPEN")) return location.reload();
    if (part("ahead")) show(place); // a closed room shows nothing to count, but the place is kept by asking
    part("trouble")?.setAttribute("hidden", "");
    seconds = place.poll_after_seconds ?? seconds;
  } catch (error) {
    part("trouble")?.removeAttribute("hidden");
  }
  after(seconds * 1000, askForPlace);
}

async function askForRoom() {
  try {
    const room = await answered(roomUrl);
    if (room.state !== state && !("busy" in root.dataset)) return location.reload(); // busy: see joining.js
    showRoom(room);
  } catch (error) {
    console.warn(error); // the next question may be answered
  }
  after(ROOM_EVERY, askForRoom);
}

function show({ ahead, eta_seconds: eta, delay }) {
  const words = part("ahead-words").dataset;
  part("ahead").textContent = numbers.format(ahead);
  part("ahead-words").textContent = ahead === 0 ? words.none : ahead === 1 ? words.one : words.many;
  if (part("eta")) part("eta").textContent = wait(eta, part("eta").dataset);
  explain(delay, eta);
  document.title = document.title.replace(/^[\d.,]+/, numbers.format(ahead));
  speak();
}

// As queueing/views.py says it.
function wait(eta, words) {
  if (!eta) return words.unknown;
  const [low, high] = [Math.floor(eta.low / 60), Math.ceil(eta.high / 60)];
  if (high <= 1) return words.soon;
  const told = low === 0 || low === high ? words.upTo : words.range;
  return told.replace("{low}", low).replace("{high}", high);
}

// Why it takes longer: what the server says, or else that the time to wait has grown.
function explain(delay, eta) {
  const reason = delay ?? (eta && eta.high > toldSeconds + LONGER ? "longer" : null);
  for (const note of root.querySelectorAll("[data-delay]")) note.hidden = note.dataset.delay !== reason;
  if (reason !== "longer") toldSeconds = Math.min(toldSeconds, eta?.high ?? Infinity);
}

function showRoom({ stock, sold_out: soldOut, announcement }) {
  part("announcement").hidden = !announcement;
  part("announcement").textContent = announcement;
  if (!part("stock")) return;
  part("sold-out").hidden = !soldOut;
  part("stock-box").hidden = !stock || soldOut;
  part("stock").replaceChildren(...Object.entries(stock ?? {}).map(([kind, left]) => kindLeft(kind, left)));
}

function kindLeft(kind, left) {
  const [item, name, count] = ["li", "span", "strong"].map((tag) => document.createElement(tag));
  name.textContent = kind;
  count.textContent = left ? numbers.format(left) : part("stock").dataset.gone;
  item.append(name, " ", count);
  return item;
}

// To a screen reader only now and then: the number changes every second near the front.
function speak() {
  if (Date.now() - spokenAt < 20_000) return;
  spokenAt = Date.now();
  part("spoken").textContent = `${part("ahead").textContent} ${part("ahead-words").textContent}`;
}
