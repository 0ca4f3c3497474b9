// Buttons that copy a text, where the browser lets a page do so.

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const { copy, done } = button.dataset;
  await navigator.clipboard.writeText(copy);
  button.textContent = done;
}
