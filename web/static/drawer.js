// Opens a lead beside the list instead of leaving it. Without it, the links lead to the lead's own page.
"use strict";

const drawer = document.getElementById("drawer");
const shown = document.getElementById("timeline");

function skeleton() {
  shown.setAttribute("aria-busy", "true");
  shown.innerHTML = '<p class="sr">Loading</p><div class="bone tall"></div><div class="bone"></div><div class="bone"></div>';
}

async function fill(href) {
  const answer = await fetch(`${href}/timeline`, { cache: "no-store" });
  if (answer.status === 401) return location.assign("/sign-in");
  if (!answer.ok) throw new Error(String(answer.status));
  const html = await answer.text();
  if (shown.dataset.poll !== `${href}/timeline`) return undefined; // another lead was opened meanwhile
  shown.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  shown.removeAttribute("aria-busy");
  shown.dataset.etag = answer.headers.get("ETag");
  tellTimes(shown);
  localize(shown);
  return poll(shown, () => drawer.open && shown.dataset.poll === `${href}/timeline`);
}

async function open(link) {
  const href = link.getAttribute("href");
  document.getElementById("drawer-title").textContent = link.textContent;
  document.getElementById("drawer-page").href = href;
  const trouble = document.getElementById("trouble");
  trouble.hidden = true;
  shown.dataset.poll = `${href}/timeline`;
  skeleton();
  drawer.showModal();
  try {
    await fill(href);
  } catch {
    shown.removeAttribute("aria-busy");
    shown.replaceChildren();
    trouble.hidden = false;
    trouble.textContent = "The timeline could not be loaded. The lead’s own page may tell more.";
  }
}

if (drawer && drawer.showModal) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".leads tbody th a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
    event.preventDefault();
    open(link);
  });
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer || event.target.closest("[data-close]")) drawer.close();
  });
}
