// Finds seats by where they are.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function isArrow(key) {
  return key in ARROWS;
}

// The next seat in the direction of an arrow key, or undefined at the edge: straight ahead before near.
export function neighbour(seats, from, key) {
  const [dx, dy] = ARROWS[key];
  return best(seats, ({ x, y }) => {
    const ahead = (x - from.x) * dx + (y - from.y) * dy;
    const aside = Math.abs((x - from.x) * dy) + Math.abs((y - from.y) * dx);
    return ahead > 0.5 && aside < ahead * 2 ? ahead + aside * 2 : Infinity;
  });
}

// The seat at a point of the plan, or undefined.
export function seatAt(seats, point, within) {
  return best(seats, ({ x, y }) => {
    const distance = Math.hypot(x - point.x, y - point.y);
    return distance <= within ? distance : Infinity;
  });
}

function best(seats, cost) {
  let [found, least] = [undefined, Infinity];
  for (const seat of seats) {
    const its = cost(seat);
    if (its < least) [found, least] = [seat, its];
  }
  return found;
}
