import { connection } from "../connection.js";
import { el, keyed, say } from "../element.js";
import { bytes, count, time } from "../format.js";
import { poll } from "../poll.js";
import { processLink } from "../process-link.js";
import { showSilent } from "../silent.js";

const LIST_EVERY_MS = 2_000;
const TAP_EVERY_MS = 500;
const FRAMES_MAX = 200;
const ROWS = 50;

export function socketsView(root, tapped) {
  const search = el("input", {
    type: "search",
    id: "socket-search",
    placeholder: "Socket, id, channel or topic",
    autocomplete: "off",
    oninput: () => looking.again(),
  });
  const list = el("tbody", {});
  const channels = el("tbody", {});
  const note = el("p", { class: "soft", role: "status" });
  const tap = el("section", { class: "card tap", hidden: true });
  root.append(
    el("h1", {}, "Sockets and channels"),
    el(
      "form",
      { class: "tools", onsubmit: (event) => event.preventDefault() },
      el("label", { for: "socket-search", class: "visually-hidden" }, "Search"),
      search,
    ),
    tap,
    el("h2", {}, "Sockets"),
    table(["Pid", "Socket", "Mailbox", "Reductions", "Frames"], list),
    note,
    el("h2", {}, "Channels"),
    table(["Pid", "Channel", "Mailbox", "Reductions"], channels),
  );

  let kind = "socket";
  const looking = poll(
    LIST_EVERY_MS / 2,
    () => ["processes", { kind, sort: "reductions", search: search.value, limit: ROWS }],
    (answer) => {
      showSilent(answer);
      if (kind === "socket") {
        keyed(list, answer.rows, ({ pid }) => pid, makeSocket, showRow);
        const shown = answer.rest > 0 ? `, the ${answer.rows.length} busiest are shown` : "";
        say(note, `${count(answer.total)} ${answer.total === 1 ? "socket" : "sockets"}${shown}`);
      } else {
        keyed(channels, answer.rows, ({ pid }) => pid, makeChannel, showRow);
      }
      kind = kind === "socket" ? "channel" : "socket";
    },
  );
  const stopTap = tapped === undefined ? () => {} : showTap(tap, tapped);
  return () => {
    looking.stop();
    stopTap();
  };
}

function table(titles, body) {
  const heads = titles.map((title) => el("th", { scope: "col" }, title));
  const rows = el("table", { class: "rows" }, el("thead", {}, el("tr", {}, ...heads)), body);
  return el("div", { class: "card table-card" }, rows);
}

function makeSocket({ pid, label = "" }) {
  const row = makeChannel({ pid, title: "Socket" });
  const own = label.includes("Dashboard");
  row.append(
    el(
      "td",
      { "data-title": "Frames" },
      own
        ? "of the dashboard"
        : el("a", { class: "button button-small", href: `#/sockets/${encodeURIComponent(pid)}` }, "Tap"),
    ),
  );
  return row;
}

function makeChannel({ pid, title = "Channel" }) {
  return el(
    "tr",
    {},
    el("td", { "data-title": "Pid" }, processLink(pid)),
    el("td", { "data-title": title }),
    el("td", { "data-title": "Mailbox" }),
    el("td", { "data-title": "Reductions" }),
  );
}

function showRow(row, { label, behaviour, mailbox, reductions }) {
  const texts = [label ?? behaviour, count(mailbox), count(reductions)];
  for (const [index, text] of texts.entries()) say(row.children[index + 1], text);
}

function showTap(tap, pid) {
  let since = 0;
  let told = [];
  const frames = el("ol", { class: "frames", "aria-label": "Frames, newest first" });
  const note = el("p", { class: "soft", role: "status" }, "Waiting for a frame.");
  tap.hidden = false;
  tap.append(
    el(
      "header",
      {},
      el("h2", {}, "Frames of ", processLink(pid)),
      el("a", { class: "button button-small", href: "#/sockets" }, "End the tap"),
    ),
    note,
    frames,
  );
  const looking = poll(
    TAP_EVERY_MS,
    () => ["tap", { pid, since }],
    (answer) => {
      if (answer.gone === true) {
        say(note, "This socket is gone.");
        looking.stop();
        return;
      }
      since = answer.last;
      told = [...answer.seen.toReversed(), ...told].slice(0, FRAMES_MAX);
      if (told.length > 0)
        say(note, answer.missed > 0 ? `${count(answer.missed)} frames came too fast to be kept.` : "");
      keyed(
        frames,
        told,
        ({ n }) => n,
        makeFrame,
        () => {},
      );
    },
  );
  return () => {
    looking.stop();
    connection.ask("untap", { pid }).catch(() => {});
  };
}

function makeFrame({ atMs, item: { direction, topic, event, length, payload } }) {
  return el(
    "li",
    { class: `frame frame-${direction}` },
    el(
      "p",
      {},
      el("time", {}, time(atMs)),
      el("span", { class: "badge" }, direction === "in" ? "from client" : "to client"),
      el("strong", {}, event),
      el("span", {}, topic),
      el("span", { class: "soft" }, bytes(length)),
    ),
    el("pre", {}, payload),
  );
}
