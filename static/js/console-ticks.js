// One box that ticks all the others of its form.

for (const form of document.querySelectorAll("[data-ticks]")) {
  const all = form.querySelector("[data-all]");
  if (!all) continue;
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of form.querySelectorAll("[name=_selected_action]")) box.checked = all.checked;
  });
}
