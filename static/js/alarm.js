// Calls the fan back to the tab with a sound and in its title, if he has allowed it. The choice is kept on the device.

const KEPT = "waiting-room-alarm";
let audio = null;

export function offer(element) {
  if (!element || !window.AudioContext) return;
  const box = element.querySelector("input");
  box.checked = localStorage.getItem(KEPT) === "on";
  box.addEventListener("change", () => {
    localStorage.setItem(KEPT, box.checked ? "on" : "off");
    if (box.checked) chime(0.05); // the browser allows sound only after something the fan did
  });
  element.hidden = false;
}

export async function call(element) {
  if (!element?.querySelector("input").checked) return;
  document.title = `● ${element.dataset.title}`;
  await Promise.race([chime(0.4), new Promise((done) => setTimeout(done, 1500))]); // a silent browser holds nobody up
}

// Two tones, the second higher; about a second.
async function chime(loudness) {
  audio ??= new AudioContext();
  if (audio.state === "suspended") await audio.resume();
  return new Promise((done) => {
    [660, 880].forEach((pitch, index) => tone(pitch, loudness, audio.currentTime + index * 0.4));
    setTimeout(done, 1000);
  });
}

function tone(pitch, loudness, at) {
  const [oscillator, gain] = [audio.createOscillator(), audio.createGain()];
  oscillator.frequency.value = pitch;
  gain.gain.setValueAtTime(loudness, at);
  gain.gain.exponentialRampToValueAtTime(0.001, at + 0.38);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.4);
}
