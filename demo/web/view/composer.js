import { byId, say } from "./element.js";

const LENGTH_MAX = 4_000;
const WARN_BELOW = 300;

/** Where a message is written. Enter sends it, Shift and Enter starts a line. */
export class Composer {
  #form = byId("composer");
  #body = byId("composer-body");
  #send = this.#form.querySelector("[type=submit]");
  #chat = null;
  #drafts = new Map(); // by room id

  constructor() {
    this.#body.addEventListener("input", () => {
      this.#fit();
      if (this.#body.value.trim() !== "") this.#chat?.typing();
    });
    this.#body.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#fit();
  }

  open(chat) {
    if (this.#chat !== null) this.#drafts.set(this.#chat.value.room.id, this.#body.value);
    this.#chat = chat;
    this.#body.value = (chat && this.#drafts.get(chat.value.room.id)) ?? "";
    if (chat !== null) this.#body.placeholder = `Message ${chat.value.room.name}`;
    this.#fit();
  }

  forget() {
    this.#chat = null;
    this.#drafts.clear();
    this.#body.value = "";
  }

  #submit() {
    const body = this.#body.value.trim();
    if (this.#send.disabled || this.#chat === null) return;
    this.#chat.send(body);
    this.#body.value = "";
    this.#fit();
    this.#body.focus();
  }

  #fit() {
    const left = LENGTH_MAX - [...this.#body.value.trim()].length;
    this.#send.disabled = left < 0 || left === LENGTH_MAX;
    this.#form.classList.toggle("composer-over", left < 0);
    const text =
      left < 0 ? `${-left} characters too many` : left < WARN_BELOW ? `${left} characters left` : "";
    say(byId("composer-count"), text);
    this.#body.style.height = "auto";
    this.#body.style.height = `${this.#body.scrollHeight}px`;
  }
}
