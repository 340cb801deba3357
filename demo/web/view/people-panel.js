import { people } from "../model/people.js";
import { session } from "../model/session.js";
import { showEgg } from "./egg.js";
import { byId, el, say } from "./element.js";
import { KeyedList } from "./keyed-list.js";

const STACK_MAX = 4;

/** Who is in the room. A person with several windows or devices is one person. */
export class PeoplePanel {
  #toggle = byId("people-toggle");
  #panel = byId("people-panel");
  #list = new KeyedList(byId("people-list"), { key: ({ id }) => id, create, update });
  #stack = new KeyedList(byId("people-stack"), {
    key: ({ id }) => id,
    create: () => el("span", { class: "avatar" }),
    update: (element, { id, name }) => showEgg(element, id, name),
  });
  #present = [];

  constructor() {
    this.#toggle.addEventListener("click", () => this.#open(this.#toggle.ariaExpanded !== "true"));
    byId("people-close").addEventListener("click", () => this.#open(false));
    this.#panel.addEventListener("keydown", (event) => event.key === "Escape" && this.#open(false));
    people.subscribe(() => this.show(this.#present));
  }

  show(present) {
    this.#present = present;
    const me = String(session.user?.id);
    const rows = present
      .map((person) => ({ ...person, isMe: person.id === me, name: people.nameOf(person.id) }))
      .sort((a, b) => b.isMe - a.isMe || a.name.localeCompare(b.name));
    this.#list.show(rows);
    this.#stack.show(rows.slice(0, STACK_MAX));
    say(byId("people-count"), `${rows.length} here`);
  }

  #open(isOpen) {
    this.#toggle.ariaExpanded = String(isOpen);
    this.#panel.classList.toggle("people-open", isOpen);
    (isOpen ? byId("people-close") : this.#toggle).focus();
  }
}

function create() {
  return el(
    "li",
    { class: "person" },
    el("span", { class: "avatar", "aria-hidden": "true" }),
    el("span", { class: "person-name" }),
    el("span", { class: "person-devices" }),
  );
}

function update(element, { id, name, devices, isMe }) {
  element.dataset.userId = id;
  showEgg(element.querySelector(".avatar"), id, name);
  say(element.querySelector(".person-name"), isMe ? `${name} (you)` : name);
  say(element.querySelector(".person-devices"), devices > 1 ? `${devices} devices` : "");
}
