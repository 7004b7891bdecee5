// Shows the welcome's text in the phone while it is typed, and of each attachment only what its kind needs.
document.addEventListener("DOMContentLoaded", () => {
  const bubble = document.querySelector("[data-bubble]");
  const text = document.getElementById("id_text");
  if (bubble) {
    const empty = bubble.textContent;
    const show = (said) => {
      bubble.textContent = said.replace(/\{(guide|store|brand)\}/g, (_all, word) => bubble.dataset[word]) || empty;
    };
    show(text ? text.value : empty);
    if (text) text.addEventListener("input", () => show(text.value));
  }

  const needs = {
    image: ["picture_file"],
    link: ["title", "description", "url", "picture_url"],
    miniprogram: ["title", "appid", "page", "picture_file"],
  };
  const all = ["picture_file", "title", "description", "url", "picture_url", "appid", "page"];
  const kinds = "select[name^='attachments-'][name$='-kind']";
  const narrow = (select) => {
    for (const name of all) {
      const field = document.getElementById("id_" + select.name.replace(/kind$/, name));
      const row = field && field.closest(".field-row");
      if (row) row.style.display = (needs[select.value] || []).includes(name) ? "" : "none";
    }
  };
  const narrowAll = () => document.querySelectorAll(kinds).forEach(narrow);
  narrowAll();
  document.addEventListener("change", (event) => { if (event.target.matches(kinds)) narrow(event.target); });
  document.addEventListener("formset:added", narrowAll);
});
