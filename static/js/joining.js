// The button that joins a line which asks for proof of work: solves the task first, then sends the form with it.

import { solve } from "./proof.js";

const form = document.querySelector("[data-joining]");
const room = form.closest("[data-waiting-room]");
const part = (name) => form.querySelector(`[data-${name}]`);
const [join, cancel, work, progress, words] = ["join", "cancel", "work", "progress", "words"].map(part);
let cancelling = null;

part("without").hidden = true; // in browsers whose style sheets can't tell
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!cancelling) begin();
});
cancel.addEventListener("click", () => cancelling?.abort());
addEventListener("pageshow", ({ persisted }) => persisted && rest("")); // back again by the browser's button

async function begin() {
  cancelling = new AbortController();
  show();
  try {
    form.elements.proof.value = await proof(cancelling.signal);
    say(words.dataset.done);
    form.submit();
  } catch (error) {
    rest(reason(error, cancelling.signal));
  }
}

async function proof(signal) {
  const response = await fetch(form.dataset.joining, { headers: { Accept: "application/json" }, signal });
  if (!response.ok) throw new Error(response.status);
  const { required, challenge } = await response.json();
  return required ? solve(challenge, { signal, onProgress: advance }) : "";
}

function show() {
  room.dataset.busy = "";
  work.hidden = false;
  join.hidden = true;
  progress.value = 0;
  cancel.focus();
  say(words.dataset.working);
}

// A screen reader hears of it at each quarter only; the bar moves all the time.
function advance(share) {
  const quarter = Math.floor(share * 4);
  if (quarter > Math.floor(progress.value * 4)) say(words.dataset.percent.replace("{percent}", quarter * 25));
  progress.value = share;
}

function rest(what) {
  delete room.dataset.busy;
  cancelling = null;
  work.hidden = true;
  join.hidden = false;
  if (what) join.focus();
  say(what);
}

function reason(error, signal) {
  if (signal.aborted) return words.dataset.cancelled;
  console.warn(error);
  return globalThis.crypto?.subtle ? words.dataset.failed : words.dataset.unable;
}

function say(what) {
  words.textContent = what;
}
