// Proof of work, as queueing/proof.py asks for it: looks for the counter whose key begins as the challenge says.
//
//   await solve(challenge, { signal, onProgress })   the proof to send; onProgress gets a share from 0 to 1
//
// WebCrypto computes beside the page's own thread, several keys at once, so the page needs no worker to stay usable.

const AT_ONCE = 32;

export async function solve({ parameters, signature }, { signal, onProgress = () => {} } = {}) {
  const { attempts } = parameters.data;
  for (let first = 0; first < attempts; first += AT_ONCE) {
    signal?.throwIfAborted();
    onProgress(first / attempts);
    const found = await among(first, Math.min(first + AT_ONCE, attempts), parameters);
    if (found) return btoa(JSON.stringify({ challenge: { parameters, signature }, solution: found }));
  }
  throw new RangeError("no counter solves this challenge");
}

async function among(first, end, parameters) {
  const counters = Array.from({ length: end - first }, (_, index) => first + index);
  const keys = await Promise.all(counters.map((counter) => keyOf(counter, parameters)));
  const index = keys.findIndex((key) => key.startsWith(parameters.keyPrefix));
  return index < 0 ? null : { counter: counters[index], derivedKey: keys[index] };
}

async function keyOf(counter, { algorithm, nonce, salt, cost, keyLength }) {
  const hash = algorithm.replace("PBKDF2/", "");
  const password = await crypto.subtle.importKey("raw", passwordOf(counter, nonce), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash, salt: bytesOf(salt), iterations: cost };
  return hexOf(await crypto.subtle.deriveBits(how, password, keyLength * 8));
}

function passwordOf(counter, nonce) {
  const head = bytesOf(nonce);
  const password = new Uint8Array(head.length + 4);
  password.set(head);
  new DataView(password.buffer).setUint32(head.length, counter);
  return password;
}

function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g), (byte) => Number.parseInt(byte, 16));
}

function hexOf(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
