import { api } from "./api.js";
import { Store } from "./store.js";

/** The names of users by id, learned from whatever mentions them; asked for when nothing did. */
class People extends Store {
  #asked = new Set();

  learn(id, name) {
    if (typeof name !== "string" || this.value.get(String(id)) === name) return;
    this.set(new Map(this.value).set(String(id), name));
  }

  nameOf(id) {
    const key = String(id);
    const name = this.value.get(key);
    if (name === undefined) this.#ask(key);
    return name ?? "Someone";
  }

  #ask(key) {
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    api
      .user(key)
      .then((user) => this.learn(key, user.name))
      .catch(() => this.#asked.delete(key));
  }
}

export const people = new People(new Map());
