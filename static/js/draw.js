// The draw, as docs/fairness.md describes it and queueing/draw.py computes it: never change it.
//
//   await numberOf(ticket, { seed, first, last })   the number in line of a ticket from first + 1 to last
//   await commitmentOf(seed)                         what was published before

const ROUNDS = 8;

export async function numberOf(ticket, { seed, first, last }) {
  if (!(first < ticket && ticket <= last)) throw new RangeError(`${ticket} is not from ${first + 1} to ${last}`);
  const size = last - first;
  const side = sideFor(size);
  let index = ticket - first - 1;
  do index = await shuffled(index, side, seed);
  while (index >= size);
  return first + 1 + index;
}

export async function commitmentOf(seed) {
  return [...(await sha256(seed))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The smallest power of two, from 2, whose square holds that many tickets.
function sideFor(size) {
  let side = 2;
  while (side * side < size) side *= 2;
  return side;
}

// Without bit operations on the whole, which would cut it to 32 bits.
async function shuffled(index, side, seed) {
  let left = Math.floor(index / side);
  let right = index % side;
  for (let round = 0; round < ROUNDS; round += 1) {
    const digest = await sha256(`${seed}:${round}:${right}`);
    const mixed = new DataView(digest.buffer).getUint32(0) % side;
    [left, right] = [right, left ^ mixed];
  }
  return left * side + right;
}

async function sha256(text) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
