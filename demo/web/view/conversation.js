import { people } from "../model/people.js";
import { session } from "../model/session.js";
import { announce } from "./announcer.js";
import { showEgg } from "./egg.js";
import { byId, el, say } from "./element.js";
import { KeyedList } from "./keyed-list.js";
import { dayKey, dayOf, timeOf } from "./moment.js";

const GROUP_WITHIN_MS = 5 * 60_000;
const NEAR_PX = 80;

/** The scrolling middle of a room: days, messages, and below them those on their way. */
export class Conversation {
  #chat = null;
  #pane = byId("conversation");
  #newest = byId("newest");
  #olderButton = byId("older-button");
  #list = new KeyedList(byId("messages"), { key: ({ key }) => key, create, update });
  #lastId = 0;
  #unseen = 0;

  constructor() {
    this.#newest.addEventListener("click", () => this.toEnd());
    this.#olderButton.addEventListener("click", () => this.#chat?.loadOlder());
    this.#pane.addEventListener("scroll", () => this.#isAtEnd() && this.#seen(), { passive: true });
    // A keyboard that opens, or a bar that grows, must not cover what was last said.
    let wasAtEnd = true;
    new ResizeObserver(() => wasAtEnd && this.toEnd()).observe(this.#pane);
    this.#pane.addEventListener("scroll", () => (wasAtEnd = this.#isAtEnd()), { passive: true });
  }

  open(chat) {
    this.#chat = chat;
    this.#lastId = 0;
    this.#list.show([]);
    this.#seen();
  }

  show(state) {
    const newestId = state.messages.at(-1)?.id ?? 0;
    const isFirst = this.#lastId === 0 && newestId > 0;
    const arrived = isFirst ? [] : state.messages.filter(({ id }) => id > this.#lastId);
    const isAtEnd = isFirst || this.#isAtEnd() || arrived.some(isOwn) || state.waiting.length > 0;
    const fromEnd = this.#pane.scrollHeight - this.#pane.scrollTop;
    const first = byId("messages").firstElementChild;

    this.#list.show(rowsOf(state, this.#chat));
    this.#showOlder(state.older);
    byId("room-empty").hidden = state.status !== "joined" || state.messages.length + state.waiting.length > 0;

    if (isAtEnd) this.toEnd();
    // Older messages came in above: what the reader looked at stays where it was.
    else if (first !== byId("messages").firstElementChild) {
      this.#pane.scrollTop = this.#pane.scrollHeight - fromEnd;
    }
    this.#tell(arrived, isAtEnd);
    this.#lastId = Math.max(this.#lastId, newestId);
  }

  toEnd() {
    this.#pane.scrollTop = this.#pane.scrollHeight;
    this.#seen();
  }

  #isAtEnd() {
    return this.#pane.scrollHeight - this.#pane.scrollTop - this.#pane.clientHeight < NEAR_PX;
  }

  #tell(arrived, isAtEnd) {
    const others = arrived.filter((message) => !isOwn(message));
    for (const message of others.slice(-3)) announce(`${message.name}: ${message.body}`);
    if (isAtEnd || others.length === 0) return;
    this.#unseen += others.length;
    say(byId("newest-text"), this.#unseen === 1 ? "1 new message" : `${this.#unseen} new messages`);
    this.#newest.hidden = false;
  }

  #seen() {
    this.#unseen = 0;
    this.#newest.hidden = true;
  }

  #showOlder({ more, loading, error }) {
    byId("older").hidden = !more;
    this.#olderButton.disabled = loading;
    say(this.#olderButton, loading ? "Loading" : error ? `${error} Try again` : "Load older messages");
  }
}

const isOwn = ({ user_id: userId }) => String(userId) === String(session.user?.id);

/** One row for each day, message and letter. Messages of one author close together share a head. */
function rowsOf({ messages, waiting }, chat) {
  const rows = [];
  let before;
  for (const message of messages) {
    const day = dayKey(message.inserted_at);
    const isNewDay = before === undefined || dayKey(before.inserted_at) !== day;
    if (isNewDay) rows.push({ key: `day-${day}`, day: dayOf(message.inserted_at) });
    const follows =
      !isNewDay &&
      before.user_id === message.user_id &&
      Date.parse(message.inserted_at) - Date.parse(before.inserted_at) < GROUP_WITHIN_MS;
    rows.push({ key: message.id, message, follows });
    before = message;
  }
  for (const letter of waiting) rows.push({ key: letter.key, letter, chat });
  return rows;
}

function create(row) {
  if (row.day) return el("li", { class: "day" }, el("span", {}, row.day));
  if (row.letter) return createLetter(row);
  const { message } = row;
  const own = isOwn(message);
  const avatar = el("span", { class: "avatar", "aria-hidden": "true" });
  showEgg(avatar, message.user_id, message.name);
  return el(
    "li",
    { class: own ? "message message-own" : "message", "data-message-id": message.id },
    avatar,
    el(
      "div",
      { class: "message-body" },
      el(
        "p",
        { class: "message-head" },
        el("span", { class: "message-name" }, own ? "You" : (message.name ?? people.nameOf(message.user_id))),
        " ",
        el("time", { datetime: message.inserted_at }, timeOf(message.inserted_at)),
      ),
      el("p", { class: "bubble", dir: "auto", title: timeOf(message.inserted_at) }, message.body),
    ),
  );
}

function createLetter({ letter, chat }) {
  return el(
    "li",
    { class: "message message-own message-waiting", "data-letter": letter.key },
    el(
      "div",
      { class: "message-body" },
      el("p", { class: "bubble", dir: "auto" }, letter.body),
      el(
        "p",
        { class: "message-state", role: "status" },
        el("span", {}),
        el(
          "span",
          { class: "message-actions" },
          el("button", { class: "link", type: "button", onclick: () => chat.retry(letter) }, "Send again"),
          el("button", { class: "link", type: "button", onclick: () => chat.discard(letter) }, "Discard"),
        ),
      ),
    ),
  );
}

function update(element, { letter, follows }) {
  if (follows !== undefined) element.classList.toggle("message-follows", follows);
  if (letter === undefined) return;
  const failed = letter.state === "failed";
  element.classList.toggle("message-failed", failed);
  say(element.querySelector(".message-state > span"), failed ? `Not sent. ${letter.problem}` : "Sending");
  element.querySelector(".message-actions").hidden = !failed;
}
