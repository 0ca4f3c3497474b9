// Counts down to `data-end` by the server's clock (`data-now`, both in seconds), then loads the page again.

const [navigation] = performance.getEntriesByType("navigation");
const answeredAt = performance.timeOrigin + (navigation?.responseStart ?? 0); // when `data-now` was true
const SPOKEN = { 60: "minute", 30: "half" };

for (const element of document.querySelectorAll("[data-countdown]")) count(element);

function count(element) {
  const { now, end } = element.dataset;
  const endsAt = answeredAt + (Number(end) - Number(now)) * 1000;
  const timer = setInterval(tick, 250);
  let shown;

  function tick() {
    const seconds = Math.max(0, Math.ceil((endsAt - Date.now()) / 1000));
    if (seconds === shown) return;
    shown = seconds;
    element.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    element.classList.toggle("is-short", seconds <= 60);
    speak(element.nextElementSibling, seconds);
    if (seconds === 0) finish();
  }

  function finish() {
    clearInterval(timer);
    setTimeout(() => location.reload(), 1000); // the server's clock decides, and may be a moment behind
  }

  tick();
}

function speak(region, seconds) {
  const words = region?.dataset[SPOKEN[seconds]];
  if (words) region.textContent = words;
}
