// Shows how far a replay is while somebody looks, and leaves the page alone while a button has the focus.
"use strict";

async function refresh() {
  const shown = document.querySelector("#progress[data-refresh]");
  if (!shown) return;
  if (!document.hidden && !shown.contains(document.activeElement)) {
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        shown.replaceWith(page.getElementById("progress"));
      }
    } catch {
      // The next look tries again.
    }
  }
  setTimeout(refresh, 2000);
}

setTimeout(refresh, 2000);
