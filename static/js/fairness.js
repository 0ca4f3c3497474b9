// Recomputes in the fan's own browser what the page says: the seed's fingerprint, and the number of the ticket.

import { commitmentOf, numberOf } from "./draw.js";

const root = document.querySelector("[data-fairness]");
const { seed, commitment, ticket, number } = root.dataset;
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const part = (name) => root.querySelector(`[data-${name}]`);

if (globalThis.crypto?.subtle) await check();
else if (part("verdict")) say(part("verdict"), "unable");

async function check() {
  say(part("fingerprint"), (await commitmentOf(seed)) === commitment ? "matches" : "differs");
  if (number) await compare();
}

async function compare() {
  const [first, last] = [Number(root.dataset.first), Number(root.dataset.last)];
  const own = await numberOf(Number(ticket), { seed, first, last });
  part("own").textContent = numbers.format(own);
  part("browser").hidden = false;
  say(part("verdict"), own === Number(number) ? "matches" : "differs");
}

function say(element, what) {
  element.textContent = element.dataset[what];
  element.classList.add({ matches: "note-success", differs: "note-error", unable: "note-warning" }[what]);
  element.hidden = false;
}
