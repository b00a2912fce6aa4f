"use strict";
// Shows only the operations and schemas that have all the words in the box.
const box = document.getElementById("search");
const nothing = document.querySelector(".nothing");
const heading = document.getElementById("schemas");
const parts = [...document.querySelectorAll("main > section")].map((section) => ({
  section,
  entry: document.querySelector(`[data-for="${section.id}"]`),
  text: section.textContent.toLowerCase(),
}));
const show = () => {
  const words = box.value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const { section, entry, text } of parts) {
    const fits = words.every((word) => text.includes(word));
    section.hidden = !fits;
    if (entry) entry.hidden = !fits;
    shown += fits;
  }
  nothing.hidden = shown > 0;
  heading.hidden = parts.every(({ section }) => section.hidden || section.className !== "schema");
};
box.hidden = false;
box.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== box) {
    event.preventDefault();
    box.focus();
  } else if (event.key === "Escape" && document.activeElement === box) {
    box.value = "";
    show();
  }
});
// A link into what is hidden shows it.
addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.hidden) {
    box.value = "";
    show();
    target.scrollIntoView();
  }
});
