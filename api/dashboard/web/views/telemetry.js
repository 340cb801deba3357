import { el, keyed, say } from "../element.js";
import { brief, count } from "../format.js";
import { poll } from "../poll.js";
import { showSilent } from "../silent.js";

const EVERY_MS = 1_000;
const TITLES = ["Event", "A second", "Since you look"];

export function telemetryView(root) {
  const body = el("tbody", {});
  const heads = TITLES.map((title) => el("th", { scope: "col" }, title));
  root.append(
    el("h1", {}, "Telemetry"),
    el("p", { class: "soft" }, "Events are counted while somebody looks."),
    el(
      "div",
      { class: "card table-card" },
      el("table", { class: "rows" }, el("thead", {}, el("tr", {}, ...heads)), body),
    ),
  );
  let first = new Map();
  let before = new Map();
  let beforeMs = 0;
  const looking = poll(
    EVERY_MS,
    () => ["telemetry"],
    (answer) => {
      showSilent(answer);
      const nowMs = performance.now();
      const { events } = answer;
      if (first.size === 0) first = countsOf(events);
      // A server that was started anew counts from the beginning.
      if (events.some(({ event, count: now }) => now < (first.get(event) ?? 0))) first = new Map();
      const seconds = beforeMs === 0 ? Number.POSITIVE_INFINITY : (nowMs - beforeMs) / 1_000;
      const rows = events.map(({ event, count: now }) => ({
        event,
        rate: Math.max(0, now - (before.get(event) ?? now)) / seconds,
        total: now - (first.get(event) ?? 0),
      }));
      before = countsOf(events);
      beforeMs = nowMs;
      keyed(body, rows, ({ event }) => event, makeRow, showRow);
    },
  );
  return () => looking.stop();
}

function countsOf(events) {
  return new Map(events.map(({ event, count: now }) => [event, now]));
}

function makeRow({ event }) {
  return el(
    "tr",
    {},
    ...TITLES.map((title, index) => el("td", { "data-title": title }, index === 0 ? event : "")),
  );
}

function showRow(row, { rate, total }) {
  row.classList.toggle("quiet", total === 0);
  say(row.children[1], rate === 0 ? "" : brief(rate));
  say(row.children[2], count(total));
}
