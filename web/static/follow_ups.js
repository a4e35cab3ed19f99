// Keys and picking on the page of follow-ups. Everything works without it.
"use strict";

const tasks = () => [...document.querySelectorAll(".task")];
const picks = () => [...document.querySelectorAll('.task input[type="checkbox"]')];
const all = document.querySelector("[data-pick-all]");
const picked = document.querySelector("[data-picked]");

function countPicked() {
  if (!all) return;
  const number = picks().filter((one) => one.checked).length;
  picked.textContent = number ? `${number} picked` : "Pick several below";
  all.checked = number > 0 && number === picks().length;
  all.indeterminate = number > 0 && !all.checked;
}

function step(by) {
  const rows = tasks();
  const at = rows.indexOf(document.activeElement.closest(".task"));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const row = document.activeElement.closest(".task");
  row?.querySelector(`[data-key="${key}"]`)?.click();
  if (key === "s") row?.querySelector(".snooze[open] button")?.focus();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  e: () => press("e"),
  s: () => press("s"),
  x: () => document.activeElement.closest(".task")?.querySelector('input[type="checkbox"]')?.click(),
  u: () => document.querySelector("[data-undo]")?.click(),
  "?": () => document.querySelector("#keys > summary")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches('input:not([type="checkbox"]), select, textarea')) return;
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

if (all) {
  all.disabled = false;
  all.addEventListener("change", () => {
    for (const one of picks()) one.checked = all.checked;
    countPicked();
  });
  document.addEventListener("change", countPicked);
}
