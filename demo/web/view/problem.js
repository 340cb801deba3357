import { el } from "./element.js";

/** Shows in `element` why something could not be loaded, with a button to try again; nothing for an empty text. */
export function showProblem(element, text, retry) {
  if (element.dataset.problem === text) return;
  element.dataset.problem = text;
  if (text === "") return element.replaceChildren();
  element.replaceChildren(
    el(
      "div",
      { class: "banner banner-danger", role: "alert" },
      el("span", {}, text),
      el("button", { class: "link", type: "button", onclick: retry }, "Try again"),
    ),
  );
}
