// Marks the tab that was opened, once it is there: without a network the old one stays.
document.addEventListener("htmx:afterRequest", (event) => {
  const { successful, pathInfo, target } = event.detail;
  if (!successful || !target || target.id !== "tab") return;
  const tabs = [...document.querySelectorAll(".tabs a[hx-get]")];
  const opened = tabs.find((tab) => tab.getAttribute("hx-get") === pathInfo.requestPath);
  if (!opened) return;
  for (const tab of tabs) tab.removeAttribute("aria-current");
  opened.setAttribute("aria-current", "true");
});
