// What every page of ours does: tells when a part did not load, closes menus that were left.
(() => {
  const failed = document.getElementById("failed");
  const tell = () => { failed.hidden = false; setTimeout(() => { failed.hidden = true; }, 8000); };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, tell);
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.who[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
})();
