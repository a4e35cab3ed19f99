// While a sweep is asked for or under way, its tile is asked for anew; one in which somebody is busy is left alone.
"use strict";

async function refresh() {
  const moving = [...document.querySelectorAll(".connection[data-moving]")];
  if (!moving.length) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (answer.ok && !answer.redirected) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const tile of moving) replace(tile, page.getElementById(tile.id));
      }
    } catch {
      // The next look tries again.
    }
  }
  setTimeout(refresh, 2000);
}

function replace(tile, fresh) {
  if (!fresh || (tile !== document.activeElement && tile.contains(document.activeElement))) return;
  const notice = tile.querySelector(".notice");
  if (notice && fresh.hasAttribute("data-moving")) fresh.querySelector(".row-head").after(notice);
  for (const open of tile.querySelectorAll("details[open]")) fresh.querySelector(`[id="${open.id}"]`)?.setAttribute("open", "");
  tile.replaceWith(fresh);
}

setTimeout(refresh, 2000);
