// What every page of ours does: tells when a part did not load, closes menus that were left.
(() => {
  const failed = document.getElementById("failed");
  const tell = () => { failed.hidden = false; setTimeout(() => { failed.hidden = true; }, 8000); };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, tell);
  for (const here of document.querySelectorAll(".rooms [aria-current], .places [aria-current], .segments [aria-current], .tabs [aria-current]")) {
    const row = here.parentElement; // on a phone the row is longer than the screen: where one is stands in view
    const [inner, outer] = [here.getBoundingClientRect(), row.getBoundingClientRect()];
    row.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.who[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
})();
