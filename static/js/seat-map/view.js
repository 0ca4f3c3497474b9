// What part of the map is seen: pan and zoom by wheel, drag, pinch and calls.

const LARGEST_SEAT = 22; // pixels of radius on the screen
const STILL = 6; // a pointer that moved less was a tap

export class View {
  // `box` is the content in plan units; `onMove` is called after every change.
  constructor(surface, layer, { box, radius, onMove }) {
    Object.assign(this, { surface, layer, box, radius, onMove });
    Object.assign(this, { pointers: new Map(), dragged: false, x: 0, y: 0, scale: 1 });
    this.listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(surface);
  }

  listen() {
    this.surface.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.surface.addEventListener("pointerdown", (event) => this.press(event));
    this.surface.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.surface.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
  }

  resize() {
    const whole = this.scale === this.smallest;
    this.size = this.surface.getBoundingClientRect();
    this.smallest = Math.min(this.size.width / this.box.width, this.size.height / this.box.height);
    this.largest = Math.max(this.smallest * 3, LARGEST_SEAT / this.radius);
    if (whole || !this.ready) this.fit();
    else this.settle();
    this.ready = true;
  }

  fit() {
    this.scale = this.smallest;
    this.settle();
  }

  wheel(event) {
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002));
    if (factor < 1 && this.isWhole()) return; // the page may scroll on
    event.preventDefault();
    this.zoomBy(factor, this.local(event));
  }

  press(event) {
    if (event.button) return;
    if (this.pointers.size === 0) this.dragged = false;
    this.pointers.set(event.pointerId, { ...this.local(event), from: this.local(event) });
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    if (!event.buttons) return void this.pointers.delete(event.pointerId); // let go outside
    const now = { ...this.local(event), from: before.from };
    if (!this.dragged && distance(now, now.from) < STILL) return;
    this.drag();
    if (this.pointers.size === 1) this.panBy(now.x - before.x, now.y - before.y);
    if (this.pointers.size === 2) this.pinch(event.pointerId, before, now);
    this.pointers.set(event.pointerId, now);
  }

  // Captured only now: a captured tap would not click the seat below it.
  drag() {
    if (this.dragged) return;
    this.dragged = true;
    for (const id of this.pointers.keys()) this.surface.setPointerCapture(id);
  }

  pinch(id, before, now) {
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, point]) => point);
    const factor = distance(now, other) / Math.max(1, distance(before, other));
    this.panBy((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.zoomBy(factor, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  panBy(dx, dy) {
    [this.x, this.y] = [this.x + dx, this.y + dy];
    this.settle();
  }

  // `point` is in pixels of the surface and stays where it is.
  zoomBy(factor, point = this.middle()) {
    const scale = clamped(this.scale * factor, this.smallest, this.largest);
    this.x = point.x - ((point.x - this.x) * scale) / this.scale;
    this.y = point.y - ((point.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.settle();
  }

  // Zooms in until a seat of the plan is so many pixels in radius, around a point of the plan.
  zoomTo({ x, y }, pixels) {
    this.scale = clamped(Math.max(this.scale, pixels / this.radius), this.smallest, this.largest);
    this.x = this.size.width / 2 - x * this.scale;
    this.y = this.size.height / 2 - y * this.scale;
    this.settle();
  }

  // Moves just as far as is needed to see a point of the plan.
  reveal({ x, y }, margin = 48) {
    const [left, top] = [x * this.scale + this.x, y * this.scale + this.y];
    const [right, bottom] = [this.size.width - margin, this.size.height - margin];
    this.panBy(clamped(left, margin, right) - left, clamped(top, margin, bottom) - top);
  }

  settle() {
    this.x = held(this.x, this.size.width, this.box.x * this.scale, this.box.width * this.scale);
    this.y = held(this.y, this.size.height, this.box.y * this.scale, this.box.height * this.scale);
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = null;
    this.layer.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
    this.onMove(this);
  }

  isWhole() {
    return this.scale <= this.smallest * 1.001;
  }

  seatPixels() {
    return this.radius * this.scale;
  }

  toPlan(event) {
    const { x, y } = this.local(event);
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  toScreen({ x, y }) {
    return { x: x * this.scale + this.x, y: y * this.scale + this.y };
  }

  local(event) {
    const { left, top } = this.surface.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  middle() {
    return { x: this.size.width / 2, y: this.size.height / 2 };
  }

  stop() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function clamped(value, least, most) {
  return Math.min(Math.max(value, least), Math.max(least, most));
}

// An offset that leaves no empty edge, or centres content that is smaller than the space.
function held(offset, space, start, length) {
  if (length <= space) return (space - length) / 2 - start;
  return clamped(offset, space - length - start, -start);
}
