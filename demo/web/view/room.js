import { Chat } from "../model/chat.js";
import { people } from "../model/people.js";
import { rooms } from "../model/rooms.js";
import { banner, byId, el, say } from "./element.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { KeyedList } from "./keyed-list.js";
import { PeoplePanel } from "./people-panel.js";
import { showProblem } from "./problem.js";
import { hrefOf } from "./route.js";

const banners = {
  joining: "",
  joined: "",
  lost: "The connection is gone. What you write now is sent if it comes back in time.",
  crashed: "This room had an accident. Coming back to it.",
  refused: "You cannot enter this room.",
  closed: "The server closed this room for you.",
};

/** The room on stage: at most one is joined at a time, so "here" means looking at it. */
export class Room {
  #chat = null;
  #stop = () => {};
  #conversation = new Conversation();
  #composer = new Composer();
  #people = new PeoplePanel();
  #rooms = new KeyedList(byId("rooms-list"), {
    key: ({ id }) => id,
    create: ({ id, name }) => el("li", {}, el("a", { href: hrefOf("rooms", id) }, el("span", {}, name))),
    update: (element, { isOpen }) => {
      const link = element.firstElementChild;
      if (isOpen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    },
  });
  #openId;

  constructor() {
    rooms.subscribe(() => this.#showRooms());
    people.subscribe(() => this.#chat && this.#showTypists(this.#chat.value.typists));
  }

  open(room) {
    if (this.#chat?.value.room.id === room.id) return;
    this.close();
    this.#chat = new Chat(room);
    this.#openId = room.id;
    this.#conversation.open(this.#chat);
    this.#composer.open(this.#chat);
    this.#stop = this.#chat.subscribe((state) => this.#show(state));
    this.#showRooms();
  }

  close() {
    this.#stop();
    this.#chat?.leave();
    this.#chat = null;
    this.#openId = undefined;
    this.#composer.open(null);
    this.#showRooms();
  }

  forget() {
    this.close();
    this.#composer.forget();
  }

  #show(state) {
    say(byId("room-title"), state.room.name);
    say(byId("room-sub"), subtitleOf(state));
    this.#showBanner(state);
    this.#people.show(state.present);
    this.#conversation.show(state);
    this.#showTypists(state.typists);
  }

  #showBanner({ status }) {
    const element = byId("room-banner");
    if (element.dataset.status === status) return;
    element.dataset.status = status;
    banner(element, banners[status]);
    if (status !== "closed") return;
    element.append(
      " ",
      el("button", { class: "link", type: "button", onclick: () => this.#chat?.reopen() }, "Enter again"),
    );
  }

  #showTypists(ids) {
    const names = ids.map((id) => people.nameOf(id));
    say(byId("typing"), typingSentence(names));
    byId("typing").classList.toggle("typing-on", names.length > 0);
  }

  #showRooms() {
    const state = rooms.value;
    this.#rooms.show(state.rooms.map((room) => ({ ...room, isOpen: room.id === this.#openId })));
    showProblem(byId("rooms-problem"), state.error, () => rooms.load());
  }
}

function subtitleOf({ status, present }) {
  if (status === "joining") return "Flying in";
  if (status !== "joined") return "Not connected to this room";
  return present.length === 1 ? "Only you are here" : "";
}

function typingSentence(names) {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  return names.length === 2 ? `${names[0]} and ${names[1]} are typing` : `${names.length} people are typing`;
}
