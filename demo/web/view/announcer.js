import { byId, el } from "./element.js";

const TOAST_MS = 6_000;

/** Has a screen reader say `text` when it is idle. */
export function announce(text) {
  const line = el("p", {}, text);
  byId("announcer").append(line);
  setTimeout(() => line.remove(), TOAST_MS);
}

/** Shows `text` for a while, seen and said. `kind` is "good", "warn" or "danger". */
export function toast(text, kind = "good") {
  announce(text);
  const element = el("p", { class: `toast toast-${kind}`, "aria-hidden": "true" }, text);
  byId("toasts").append(element);
  setTimeout(() => element.remove(), TOAST_MS);
}
