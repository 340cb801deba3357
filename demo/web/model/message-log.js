/**
 * The messages of one room that this page knows, oldest first and each once. It has no holes: what comes from
 * the server is either next to what is known or replaces it.
 */
export class MessageLog {
  #byId = new Map();

  get messages() {
    return [...this.#byId.values()].sort((a, b) => a.id - b.id);
  }

  get newestId() {
    return Math.max(0, ...this.#byId.keys());
  }

  get oldestId() {
    return Math.min(...this.#byId.keys());
  }

  has(id) {
    return this.#byId.has(id);
  }

  add(message) {
    this.#byId.set(message.id, message);
  }

  /**
   * Takes the last messages of the room, as a join answers them. When a long absence left a hole between what
   * is known and these, they replace it, and true is returned: what came before has to be loaded again.
   */
  rejoin(history) {
    const known = this.#byId.size > 0;
    const hole = known && history.length > 0 && history.every(({ id }) => id > this.newestId);
    if (hole) this.#byId.clear();
    for (const message of history) this.add(message);
    return hole;
  }
}
