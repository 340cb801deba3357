import { connection } from "../connection.js";
import { el, keyed, say } from "../element.js";
import { count } from "../format.js";
import { poll } from "../poll.js";
import { showSilent } from "../silent.js";

const EVERY_MS = 2_000;

export function topicsView(root) {
  const search = el("input", {
    type: "search",
    id: "topic-search",
    placeholder: "Part of a topic",
    autocomplete: "off",
    oninput: () => looking.again(),
  });
  const lists = el("div", { class: "columns" });
  const present = el("section", { class: "card", hidden: true });
  root.append(
    el("h1", {}, "Topics and presence"),
    el(
      "form",
      { class: "tools", onsubmit: (event) => event.preventDefault() },
      el("label", { for: "topic-search", class: "visually-hidden" }, "Search"),
      search,
    ),
    present,
    lists,
  );
  const looking = poll(
    EVERY_MS,
    () => ["topics", { search: search.value }],
    (answer) => {
      showSilent(answer);
      keyed(lists, answer.lists, ({ kind, name, shard }) => `${kind} ${name} ${shard}`, makeList, showList);
    },
  );

  function makeList({ kind, name, shard }) {
    return el(
      "section",
      { class: "card" },
      el("h2", {}, `${kind} ${name}`, el("span", { class: "soft" }, ` shard ${shard}`)),
      el("p", { class: "soft" }),
      el("ul", { class: "counts" }),
    );
  }

  function showList(list, { kind, name, shard, total, topics }) {
    const [, note, items] = list.children;
    const unit = kind === "PubSub" ? "subscriptions" : "presences";
    const shown = topics.length < total ? `, those with most ${unit} are shown` : "";
    say(note, total === 0 ? "No topics" : `${count(total)} ${total === 1 ? "topic" : "topics"}${shown}`);
    keyed(
      items,
      topics,
      ({ topic }) => topic,
      ({ topic }) => {
        const text =
          kind === "PubSub"
            ? el("span", {}, topic)
            : el(
                "button",
                { class: "link", type: "button", onclick: () => showPresences(shard, name, topic) },
                topic,
              );
        return el("li", {}, text, el("strong", {}));
      },
      (item, topic) => say(item.lastElementChild, count(topic.count)),
    );
  }

  async function showPresences(shard, name, topic) {
    const { presences } = await connection
      .ask("presences", { shard, name, topic })
      .catch(() => ({ presences: [] }));
    present.hidden = false;
    present.replaceChildren(
      el("h2", {}, `Present in ${topic}`),
      el(
        "ul",
        { class: "listing" },
        ...presences.map(({ key, meta }) => el("li", {}, el("strong", {}, key), el("pre", {}, meta))),
      ),
    );
  }

  return () => looking.stop();
}
