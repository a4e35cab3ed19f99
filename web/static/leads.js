// Keeps the number of leads that fit as it is now, and tells it for filters before they are sent.
"use strict";

const tally = document.getElementById("count");
const filters = document.querySelector("form.filters");
let waiting = 0;

async function recount() {
  clearTimeout(waiting);
  waiting = setTimeout(recount, 10000);
  if (document.hidden) return;
  const wanted = new URLSearchParams([...new FormData(filters)].filter(([, value]) => value));
  try {
    const answer = await fetch(`/leads/count?${wanted}`, { cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const text = await answer.text();
    if (tally.textContent !== text) tally.textContent = text;
  } catch {
    // The next look tries again.
  }
}

if (tally && filters) {
  filters.addEventListener("change", recount);
  waiting = setTimeout(recount, 10000);
}
