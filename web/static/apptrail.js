// Keeps a lead's timeline fresh, and times in the reader's own words. Everything works without it.
"use strict";

const MINUTE = 60, HOUR = 3600, DAY = 86400;

// The same words as web/times.py.
function relative(seconds) {
  const off = Math.abs(seconds);
  if (off < MINUTE) return seconds > 0 ? "in a moment" : "just now";
  const amount = amountOf(off);
  return seconds > 0 ? `in ${amount}` : `${amount} ago`;
}

function amountOf(seconds) {
  const [minutes, hours, days] = [MINUTE, HOUR, DAY].map((unit) => Math.floor(seconds / unit + 0.5));
  if (minutes < 60) return `${minutes} min`;
  if (hours < 24) return `${hours} h`;
  if (days < 60) return `${days} day${days === 1 ? "" : "s"}`;
  return days < 700 ? `${Math.floor(days / 30 + 0.5)} months` : `${Math.floor(days / 365 + 0.5)} years`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tellTimes(root) {
  for (const element of root.querySelectorAll("[data-relative]")) {
    setText(element, relative((new Date(element.dataset.relative) - Date.now()) / 1000));
  }
}

function localize(root) {
  const clock = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
  const moment = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  });
  for (const element of root.querySelectorAll("[data-local]")) {
    const at = new Date(element.dateTime);
    const format = element.dataset.local === "clock" ? clock : moment;
    const suffix = element.dataset.local === "clock" ? " your time" : "";
    setText(element, format.format(at).replace(" at ", ", ") + suffix);
  }
}

const looks = (root) => new Map([...root.querySelectorAll(".row")].map((row) => {
  const copy = row.cloneNode(true);
  for (const aging of copy.querySelectorAll("[data-relative], [data-local]")) aging.remove();
  for (const details of copy.querySelectorAll("details")) details.removeAttribute("open");
  return [row.id, copy.innerHTML];
}));

function swap(timeline, html) {
  const before = looks(timeline);
  const open = [...timeline.querySelectorAll("details[open]")].map((one) => one.id);
  const active = timeline.contains(document.activeElement) ? document.activeElement : null;
  const holder = active && active.closest("[id]");
  const focused = holder && { id: holder.id, summary: active.tagName === "SUMMARY", anchor: active.getAttribute("href") };

  timeline.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  tellTimes(timeline);
  localize(timeline);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) {
    const again = document.getElementById(focused.id);
    const target = again && (
      focused.summary ? again.querySelector("summary")
        : focused.anchor ? [...again.querySelectorAll("a")].find((one) => one.getAttribute("href") === focused.anchor)
          : again);
    (target || again)?.focus({ preventScroll: true });
  }
  announce(before, looks(timeline), timeline);
}

function announce(before, after, timeline) {
  const changed = [...after].filter(([id, look]) => before.get(id) !== look).map(([id]) => id);
  for (const id of changed) document.getElementById(id)?.classList.add("fresh-row");
  const many = changed.length === 1 ? "1 appointment" : `${changed.length} appointments`;
  setText(document.getElementById("news"), changed.length ? `${many} changed.` : "The timeline changed.");
}

// Asks again and again, as long as `wanted`.
function poll(timeline, wanted = () => true) {
  const trouble = document.getElementById("trouble");
  let etag = timeline.dataset.etag;
  let wait = 1000;
  let timer = 0;

  function say(text) {
    trouble.hidden = !text;
    setText(trouble, text);
  }

  async function ask() {
    timer = 0;
    if (!wanted()) return;
    try {
      const answer = await fetch(timeline.dataset.poll, { headers: { "If-None-Match": etag }, cache: "no-store" });
      if (!wanted()) return;
      if (answer.status === 200) {
        swap(timeline, await answer.text());
        etag = answer.headers.get("ETag");
      } else if (answer.status === 401) {
        say("You are signed out. Sign in again to see what is new.");
        return;
      } else if (answer.status === 404) {
        say("This lead is no longer here.");
        return;
      } else if (answer.status !== 304) {
        throw new Error(String(answer.status));
      }
      wait = 1000;
      say("");
    } catch {
      wait = Math.min(wait * 2, 30000);
      if (wait > 4000) say("No connection. What you see may be old; trying again.");
    }
    next();
  }

  function next() {
    if (!timer && !document.hidden && wanted()) timer = setTimeout(ask, wait);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    timer = 0;
    wait = 1000;
    if (!document.hidden) ask();
  });
  next();
}

// Up and down go from card to card, once one has been reached.
document.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = document.activeElement.closest("#timeline .row");
  if (!by || !row || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  const rows = [...document.querySelectorAll("#timeline .row")];
  const next = rows[rows.indexOf(row) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
});

const timeline = document.querySelector("[data-poll]");
tellTimes(document);
localize(document);
setInterval(() => tellTimes(document), 20000);
if (timeline) poll(timeline);
