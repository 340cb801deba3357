import { sentence } from "../model/sentence.js";

/** Shows the messages of a 422 at their fields, the rest above the form, and moves the focus to the first. */
export function showFormErrors(form, error) {
  clearFormErrors(form);
  const rest = [];
  for (const [field, messages] of Object.entries(error.fields)) {
    const input = form.elements.namedItem(field);
    const line = input && document.getElementById(`${input.id}-error`);
    if (line) showFieldError(input, line, messages.map(sentence).join(" "));
    else rest.push(...messages.map((message) => sentence(`${field} ${message}`)));
  }
  const first = form.querySelector("[aria-invalid]");
  if (first === null || rest.length > 0) {
    const summary = form.querySelector("[data-form-error]");
    summary.textContent = rest.join(" ") || error.message;
    summary.hidden = false;
  }
  (first ?? form.querySelector("input")).focus();
}

export function showFieldError(input, line, text) {
  line.textContent = text;
  line.hidden = false;
  input.setAttribute("aria-invalid", "true");
  const hint = document.getElementById(`${input.id}-hint`);
  input.setAttribute("aria-describedby", hint ? `${line.id} ${hint.id}` : line.id);
}

export function clearFormErrors(form) {
  for (const line of form.querySelectorAll(".field-error, [data-form-error]")) {
    line.textContent = "";
    line.hidden = true;
  }
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}
