import { Presence } from "/vendor/phoenix.mjs";
import { api } from "./api.js";
import { connection } from "./connection.js";
import { MessageLog } from "./message-log.js";
import { Outbox } from "./outbox.js";
import { people } from "./people.js";
import { session } from "./session.js";
import { Store } from "./store.js";
import { Typists } from "./typists.js";

const HISTORY_LENGTH = 50;
const PAGE_LENGTH = 50;
const TYPING_EVERY_MS = 2_000;

/** Reasons for which joining again won't help. */
const final = new Set(["unauthorized", "not_found", "Not Found", "unmatched topic"]);

/**
 * One room as this window sees it. `status` is "joining", "joined", "lost" (the connection), "crashed" (the
 * channel; the client joins again), "refused" or "closed".
 */
export class Chat extends Store {
  #log = new MessageLog();
  #outbox = new Outbox();
  #typists = new Typists((typists) => this.update({ typists }));
  #channel;
  #cursor;
  #typingSentAtMs = 0;

  constructor(room) {
    super({
      room,
      status: "joining",
      reason: "",
      messages: [],
      waiting: [],
      present: [],
      typists: [],
      older: { more: false, loading: false, error: "" },
    });
    this.#open();
  }

  leave() {
    this.#typists.clear();
    this.#channel?.leave();
    this.#channel = null;
  }

  /** Starts over after the server closed the channel. */
  reopen() {
    this.update({ status: "joining", reason: "" });
    this.#open();
  }

  send(body) {
    this.#push(this.#outbox.add(body, this.#log.newestId));
  }

  retry(letter) {
    this.#outbox.remove(letter);
    this.send(letter.body);
  }

  discard(letter) {
    this.#outbox.remove(letter);
    this.#show();
  }

  /** Tells the others, at most every two seconds, that the user is writing. */
  typing() {
    if (this.value.status !== "joined" || Date.now() - this.#typingSentAtMs < TYPING_EVERY_MS) return;
    this.#typingSentAtMs = Date.now();
    this.#channel?.push("typing", {});
  }

  async loadOlder() {
    if (this.value.older.loading) return;
    this.update({ older: { more: true, loading: true, error: "" } });
    try {
      let found = false;
      let more = true;
      // The first page has no cursor yet and holds what the join answered: go on until something is new.
      while (!found && more) {
        const limit = this.#cursor === undefined ? HISTORY_LENGTH + PAGE_LENGTH : PAGE_LENGTH;
        const { data, meta } = await api.messages(this.value.room.id, { after: this.#cursor, limit });
        found = data.some(({ id }) => id < this.#log.oldestId);
        for (const message of data) this.#take(message);
        this.#cursor = meta.next ?? undefined;
        more = meta.next !== null;
      }
      this.#show({ older: { more, loading: false, error: "" } });
    } catch (error) {
      this.update({ older: { more: true, loading: false, error: error.message } });
    }
  }

  #open() {
    const channel = connection.channel(`room:${this.value.room.id}`);
    this.#channel = channel;
    if (channel === null) return this.update({ status: "lost" });
    const here = (handle) => (payload) => {
      if (this.#channel === channel) handle(payload);
    };

    const presence = new Presence(channel);
    presence.onSync(() => here(() => this.#present(presence))());
    channel.on(
      "message:new",
      here((message) => this.#arrived(message)),
    );
    channel.on(
      "typing",
      here((typist) => this.#typed(typist)),
    );
    channel.onError(here((cause) => this.#failed(cause)));
    channel.onClose(here(() => this.update({ status: "closed", present: [] })));
    channel
      .join()
      .receive(
        "ok",
        here((reply) => this.#joined(reply)),
      )
      .receive(
        "error",
        here((reply) => this.#refused(channel, reply)),
      );
  }

  #joined({ room, history }) {
    const startsAnew = this.#log.messages.length === 0;
    const hole = this.#log.rejoin(history);
    if (hole) this.#cursor = undefined;
    for (const message of history) this.#meet(message);
    const older =
      startsAnew || hole
        ? { more: history.length >= HISTORY_LENGTH, loading: false, error: "" }
        : this.value.older;
    this.#show({ room, older, status: "joined", reason: "" });
  }

  #refused(channel, reply) {
    const reason = String(reply?.reason ?? "");
    if (!final.has(reason)) return this.update({ status: "crashed", reason });
    this.#channel = null;
    channel.leave();
    this.update({ status: "refused", reason, present: [] });
  }

  #failed(cause) {
    this.#typists.clear();
    const status = cause?.source === "transport" ? "lost" : "crashed";
    this.update({ status, present: [] });
  }

  #present(presence) {
    const present = presence.list((id, { metas, user }) => {
      if (user?.name) people.learn(id, user.name);
      else if (metas[0]?.name) people.learn(id, metas[0].name);
      return { id, devices: metas.length, sinceMs: Math.min(...metas.map((meta) => Number(meta.online_at))) };
    });
    this.update({ present });
  }

  #arrived(message) {
    if (this.#log.has(message.id)) return;
    this.#take(message);
    this.#typists.stopped(String(message.user_id));
    this.#show();
  }

  #typed(typist) {
    const id = String(typist.user_id);
    if (id === String(session.user?.id)) return; // the user's own other window
    people.learn(id, typist.name);
    this.#typists.typed(id);
  }

  #take(message) {
    this.#log.add(message);
    this.#meet(message);
  }

  #meet(message) {
    people.learn(message.user_id, message.name);
    if (String(message.user_id) === String(session.user?.id)) this.#outbox.appeared(message);
  }

  #push(letter) {
    this.#typingSentAtMs = 0;
    const fail = (problem) => {
      this.#outbox.fail(letter, problem);
      this.#show();
    };
    if (this.#channel === null) return fail("You are not in this room.");
    this.#channel
      .push("message:new", { body: letter.body })
      .receive("ok", () => {
        this.#outbox.remove(letter);
        this.#show();
      })
      .receive("error", (reply) => fail(problemOf(reply)))
      .receive("timeout", () => fail("No answer from the server."));
    this.#show();
  }

  #show(changes = {}) {
    this.update({ ...changes, messages: this.#log.messages, waiting: this.#outbox.waiting });
  }
}

/** The sentence for an error reply: `{errors: {body: [message]}}` or `{reason}`. */
function problemOf(reply) {
  const [message] = Object.values(reply?.errors ?? {}).flat();
  return message === undefined ? "The server did not accept it." : `The message ${message}.`;
}
