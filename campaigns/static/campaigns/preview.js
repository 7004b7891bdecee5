// Shows the welcome's text in the phone while it is typed, with names in place of {guide}, {store} and {brand}.
document.addEventListener("DOMContentLoaded", () => {
  const bubble = document.querySelector("[data-bubble]");
  const text = document.getElementById("id_text");
  if (!bubble) return;
  const empty = bubble.textContent;
  const show = (said) => {
    bubble.textContent = said.replace(/\{(guide|store|brand)\}/g, (_all, word) => bubble.dataset[word]) || empty;
  };
  show(text ? text.value : empty);
  if (text) text.addEventListener("input", () => show(text.value));
});
