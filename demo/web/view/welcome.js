import { api, ApiError } from "../model/api.js";
import { session } from "../model/session.js";
import { banner, byId, say } from "./element.js";
import { clearFormErrors, showFormErrors } from "./form-errors.js";

const signIn = byId("sign-in-form");
const signUp = byId("sign-up-form");
const titles = { "sign-in": "Welcome back to the colony", "sign-up": "Join the colony" };

/** The page for whoever is not signed in: two forms, one shown at a time. */
export function startWelcome() {
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => showForm(button.dataset.show));
  }
  submits(signIn, async ({ email, password }) => session.begin(await api.signIn(email, password)));
  submits(signUp, async ({ name, email, password }) => {
    await api.signUp({ name, email, password });
    session.begin(await api.signIn(email, password));
  });
}

export function showWelcome() {
  banner(byId("welcome-notice"), session.notice);
  showForm("sign-in");
}

function showForm(which) {
  signIn.hidden = which !== "sign-in";
  signUp.hidden = which !== "sign-up";
  say(byId("welcome-title"), titles[which]);
  const form = which === "sign-in" ? signIn : signUp;
  clearFormErrors(form);
  form.querySelector("input").focus();
}

function submits(form, send) {
  const button = form.querySelector("[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    clearFormErrors(form);
    button.disabled = true;
    try {
      await send(Object.fromEntries(new FormData(form)));
      form.reset();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      showFormErrors(form, error);
    } finally {
      button.disabled = false;
    }
  });
}
