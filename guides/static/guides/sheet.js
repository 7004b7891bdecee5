// Opens the print dialogue once the pictures are there, after the print was counted.
window.addEventListener("load", () => {
  if (!document.querySelector("[data-print]")) return;
  const url = new URL(location.href);
  url.searchParams.delete("print");
  history.replaceState(null, "", url);
  window.print();
});
