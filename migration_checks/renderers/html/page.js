// What the page can do with JavaScript, and is complete without: filter, choose a theme, open what a link leads to.
(function () {
  "use strict";
  const form = document.getElementById("filter");
  const cards = Array.from(document.querySelectorAll(".findings > li"));
  const places = Array.from(document.querySelectorAll(".walk > li[data-r], details.revision[data-r]"));

  function wanted() {
    const severities = Array.from(form.elements.severity.length ? form.elements.severity : [form.elements.severity]);
    return {
      severities: new Set(severities.filter((box) => box.checked).map((box) => box.value)),
      revision: form.elements.revision.value,
      table: form.elements.table.value,
    };
  }

  function fits(card, choice) {
    return choice.severities.has(card.dataset.s) &&
      (!choice.revision || card.dataset.r.split(" ").includes(choice.revision)) &&
      (!choice.table || card.dataset.t === choice.table);
  }

  function filter() {
    const choice = wanted();
    let shown = 0;
    for (const card of cards) {
      card.hidden = !fits(card, choice);
      shown += card.hidden ? 0 : 1;
    }
    for (const place of places) place.hidden = Boolean(choice.revision) && place.dataset.r !== choice.revision;
    form.querySelector("output").textContent =
      shown.toLocaleString("en") + " of " + cards.length.toLocaleString("en") + " findings";
  }

  // A link may lead into something folded, or to a finding that the filter hides.
  function reveal() {
    let target = null;
    try {
      target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch (error) {
      return;
    }
    if (!target) return;
    if (form && target.closest("[hidden]")) {
      form.reset();
      filter();
    }
    for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    target.scrollIntoView();
  }

  function themeButton() {
    const root = document.documentElement;
    const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const button = document.createElement("button");
    const name = () => { button.textContent = dark() ? "Light colours" : "Dark colours"; };
    button.type = "button";
    button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
    name();
    const item = document.createElement("li");
    item.append(button);
    document.querySelector("nav ul").append(item);
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("change", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }
  themeButton();
  addEventListener("hashchange", reveal);
  reveal();
})();
