import { el, keyed, say } from "../element.js";
import { bytes, count } from "../format.js";
import { poll } from "../poll.js";
import { processLink } from "../process-link.js";
import { showSilent } from "../silent.js";

const EVERY_MS = 2_000;
const ROWS = 50;
const COLUMNS = [
  ["age", "Pid"],
  ["name", "Name"],
  ["behaviour", "Behaviour"],
  ["status", "State"],
  ["mailbox", "Mailbox"],
  ["reductions", "Reductions"],
  ["memory", "Memory"],
];

export function processesView(root) {
  let sort = "mailbox";
  let reversed = false;
  /** The last rows of the pages before this one. */
  let before = [];
  let rows = [];

  const search = el("input", {
    type: "search",
    id: "process-search",
    placeholder: "Name, behaviour, state or pid",
    autocomplete: "off",
    oninput: () => changed(),
  });
  const order = el(
    "select",
    { id: "process-sort", onchange: () => sortBy(order.value, false) },
    ...COLUMNS.map(([key, title]) => el("option", { value: key, selected: key === sort }, title)),
  );
  const heads = COLUMNS.map(([key, title]) =>
    el(
      "th",
      { scope: "col" },
      el(
        "button",
        { type: "button", class: "sort", onclick: () => sortBy(key, key === sort && !reversed) },
        title,
      ),
    ),
  );
  const body = el("tbody", {});
  const note = el("p", { class: "soft", role: "status" });
  const previous = el("button", { class: "button", type: "button", onclick: () => turn(-1) }, "Previous");
  const next = el("button", { class: "button", type: "button", onclick: () => turn(1) }, "Next");
  root.append(
    el("h1", {}, "Processes"),
    el(
      "form",
      { class: "tools", onsubmit: (event) => event.preventDefault() },
      el("label", { for: "process-search", class: "visually-hidden" }, "Search"),
      search,
      el("label", { for: "process-sort" }, "Sorted by"),
      order,
    ),
    el(
      "div",
      { class: "card table-card" },
      el("table", { class: "rows" }, el("thead", {}, el("tr", {}, ...heads)), body),
    ),
    el("div", { class: "pager" }, previous, next, note),
  );

  const looking = poll(EVERY_MS, question, show);
  showOrder();

  function question() {
    const after = before.at(-1);
    return ["processes", { sort, reversed, search: search.value, limit: ROWS, ...(after && { after }) }];
  }

  function show(answer) {
    showSilent(answer);
    ({ rows } = answer);
    keyed(body, rows, ({ pid }) => pid, makeRow, showRow);
    const first = answer.total - answer.rest - rows.length;
    say(
      note,
      rows.length === 0
        ? "No process is as you search it."
        : `${count(Math.max(0, first) + 1)} to ${count(Math.max(0, first) + rows.length)} of ${count(answer.total)}`,
    );
    previous.disabled = before.length === 0;
    next.disabled = answer.rest === 0;
  }

  function turn(step) {
    const last = rows.at(-1);
    if (step < 0) before.pop();
    else if (last !== undefined) before.push({ key: last.key, shard: last.shard, id: last.id });
    looking.again();
  }

  function changed() {
    before = [];
    looking.again();
  }

  function sortBy(key, isReversed) {
    sort = key;
    reversed = isReversed;
    order.value = key;
    showOrder();
    changed();
  }

  function showOrder() {
    for (const [index, [key]] of COLUMNS.entries()) {
      // Numbers stand with the largest first, texts by the alphabet.
      const textual = key === "name" || key === "behaviour" || key === "status" || key === "age";
      const direction = textual === reversed ? "descending" : "ascending";
      heads[index].setAttribute("aria-sort", key === sort ? direction : "none");
    }
  }

  return () => looking.stop();
}

function makeRow({ pid }) {
  const cells = COLUMNS.map(([, title]) => el("td", { "data-title": title }));
  cells[0].append(processLink(pid));
  return el("tr", {}, ...cells);
}

function showRow(row, { name, label, behaviour, status, mailbox, reductions, memory }) {
  const texts = [name ?? label ?? "", behaviour, status, count(mailbox), count(reductions), bytes(memory)];
  for (const [index, text] of texts.entries()) say(row.children[index + 1], text);
  row.dataset.status = status;
}
