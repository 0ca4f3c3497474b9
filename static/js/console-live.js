// Brings a page up to date every few seconds, not while its tab is hidden. A part is exchanged only when it
// has changed, so that what is being read, opened or pointed at stays.

const PATIENCE = 10_000;
const SLOWEST = 60_000;
const root = document.querySelector("[data-live]");
const trouble = root.querySelector("[data-trouble]");
const { url, old, gone } = root.dataset;
let [every, shownAt, failures, timer] = [root.dataset.every, Date.now(), 0, null];

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
later();

function later() {
  clearTimeout(timer);
  const wait = Math.min(SLOWEST, every * 1000 * 2 ** failures);
  if (!document.hidden) timer = setTimeout(look, wait);
}

async function look() {
  clearTimeout(timer);
  try {
    const options = { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
    const response = await fetch(url, options);
    if (response.redirected || response.status === 403 || response.status === 404) return say(gone);
    if (!response.ok) throw new Error(response.status);
    show(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    failures += 1;
    say(old.replace("{seconds}", Math.round((Date.now() - shownAt) / 1000)));
  }
  later();
}

function show(page) {
  [shownAt, failures, trouble.hidden] = [Date.now(), 0, true];
  every = page.querySelector("[data-every]")?.dataset.every ?? every;
  for (const part of page.querySelectorAll("[data-part]")) {
    const shown = root.querySelector(`[data-part="${part.dataset.part}"]`);
    if (shown.innerHTML !== part.innerHTML) exchange(shown, part);
  }
}

function exchange(shown, part) {
  shown.className = part.className;
  const { activeElement } = document;
  const focused = shown.contains(activeElement) ? activeElement.getAttribute("href") ?? "summary" : null;
  for (const { id } of shown.querySelectorAll("details[open]")) part.querySelector(`#${id}`)?.setAttribute("open", "");
  shown.innerHTML = part.innerHTML;
  if (focused) shown.querySelector(focused === "summary" ? focused : `[href="${focused}"]`)?.focus();
}

function say(words) {
  [trouble.textContent, trouble.hidden] = [words, false];
}
