/**
 * Messages on their way to the room. One is settled by its acknowledgement or by its appearance among the
 * room's messages, whichever comes first: an acknowledgement that got lost with its connection must not make
 * the user send again what everybody can read.
 */
export class Outbox {
  #letters = [];
  #count = 0;

  /** What the page shows below the messages: those that have not appeared among them yet. */
  get waiting() {
    return this.#letters.filter((letter) => letter.messageId === undefined);
  }

  /** `afterId` is the newest message known: this one will have a higher id. */
  add(body, afterId) {
    this.#count += 1;
    const letter = { key: `letter-${this.#count}`, body, afterId, state: "sending", problem: "" };
    this.#letters.push(letter);
    return letter;
  }

  remove(letter) {
    this.#letters = this.#letters.filter((other) => other !== letter);
  }

  fail(letter, problem) {
    letter.state = "failed";
    letter.problem = problem;
  }

  /** The user's own `message` has appeared: the first letter that it can be is taken to be it. */
  appeared(message) {
    if (this.#letters.some((letter) => letter.messageId === message.id)) return;
    const letter = this.waiting.find(({ body, afterId }) => body === message.body && afterId < message.id);
    if (letter !== undefined) letter.messageId = message.id;
  }
}
