import { el } from "./element.js";

/** A pid that leads to its process. */
export function processLink(pid, text = pid) {
  return el("a", { class: "pid", href: `#/process/${encodeURIComponent(pid)}` }, text);
}

/** A button that asks once more before it does it. */
export function sureButton(text, sure, act) {
  const button = el("button", { class: "button button-danger", type: "button" }, text);
  let armed;
  const disarm = () => {
    clearTimeout(armed);
    armed = undefined;
    button.textContent = text;
  };
  button.addEventListener("click", () => {
    if (armed === undefined) {
      armed = setTimeout(disarm, 4_000);
      button.textContent = sure;
      return;
    }
    disarm();
    act();
  });
  return button;
}
