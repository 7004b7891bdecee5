// Marks the tab that was opened.
document.addEventListener("click", (event) => {
  const tab = event.target.closest(".tabs a[hx-get]");
  if (!tab) return;
  for (const other of tab.parentElement.querySelectorAll("a")) other.removeAttribute("aria-current");
  tab.setAttribute("aria-current", "true");
});
