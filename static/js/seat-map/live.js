// Asks again and again which seats are free: about every 3 seconds, not while the tab is hidden,
// less often while answers fail.

const EVERY = 3_000;
const SELDOM = 60_000;
const PATIENCE = 10_000;

export class Live {
  // `onAnswer` gets the availability, `onTrouble` the status (0 if nothing came) of each failure.
  constructor(url, { queueToken, onAnswer, onTrouble }) {
    Object.assign(this, { url, queueToken, onAnswer, onTrouble, failures: 0, running: true });
    this.whenSeen = () => document.hidden || this.refresh();
    document.addEventListener("visibilitychange", this.whenSeen);
    this.refresh();
  }

  // Asks now. Resolves when the answer, good or bad, was handed on.
  async refresh() {
    clearTimeout(this.timer);
    this.asking ??= this.ask().finally(() => (this.asking = null));
    await this.asking;
  }

  async ask() {
    const wait = await this.answered().catch(() => this.failed(0));
    clearTimeout(this.timer);
    if (this.running && !document.hidden) this.timer = setTimeout(() => this.refresh(), wait);
  }

  async answered() {
    const headers = { Accept: "application/json" };
    if (this.queueToken) headers["Queue-Token"] = this.queueToken;
    const response = await fetch(this.url, { headers, cache: "no-cache", signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) return this.failed(response.status, Number(response.headers.get("Retry-After")) * 1000);
    const answer = await response.json();
    this.failures = 0;
    if (this.running) this.onAnswer(answer);
    return EVERY * (0.8 + Math.random() * 0.4); // so that thousands don't ask in step
  }

  failed(status, retryAfter = 0) {
    this.failures += 1;
    if (this.running) this.onTrouble(status);
    if (status === 401 || status === 403 || status === 404) this.stop(); // asking again won't help
    const slower = EVERY * 2 ** Math.min(this.failures, 5) * (0.5 + Math.random() / 2);
    return Math.min(SELDOM, Math.max(retryAfter || 0, slower));
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.whenSeen);
  }
}
