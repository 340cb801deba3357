import { connection } from "../connection.js";
import { el, keyed, say } from "../element.js";
import { count } from "../format.js";
import { poll } from "../poll.js";
import { processLink } from "../process-link.js";
import { showSilent } from "../silent.js";

const EVERY_MS = 2_000;
const TITLES = ["Name", "Kind", "Rows", "Owner", "Shard"];

export function storesView(root) {
  const body = el("tbody", {});
  const empty = el("p", { class: "soft", hidden: true }, "There is no table with a name, and no registry.");
  const content = el("section", { class: "card", hidden: true });
  const heads = TITLES.map((title) => el("th", { scope: "col" }, title));
  root.append(
    el("h1", {}, "Tables and registries"),
    content,
    el(
      "div",
      { class: "card table-card" },
      el("table", { class: "rows" }, el("thead", {}, el("tr", {}, ...heads)), body),
    ),
    empty,
  );
  const looking = poll(
    EVERY_MS,
    () => ["stores"],
    (answer) => {
      showSilent(answer);
      const { stores } = answer;
      empty.hidden = stores.length > 0;
      keyed(body, stores, ({ kind, name, shard }) => `${kind} ${name} ${shard}`, makeRow, showRow);
    },
  );

  function makeRow({ kind, name, detail, shard }) {
    const cells = TITLES.map((title) => el("td", { "data-title": title }));
    cells[0].append(
      el("button", { class: "link", type: "button", onclick: () => showRows(kind, name, shard) }, name),
    );
    cells[1].append(detail);
    cells[4].append(String(shard));
    return el("tr", {}, ...cells);
  }

  function showRow(row, { size, owner }) {
    say(row.children[2], count(size));
    if (row.children[3].textContent !== (owner ?? ""))
      row.children[3].replaceChildren(owner === undefined ? "" : processLink(owner));
  }

  async function showRows(kind, name, shard) {
    const { rows } = await connection.ask("rows", { kind, name, shard }).catch(() => ({ rows: [] }));
    content.hidden = false;
    content.replaceChildren(
      el("h2", {}, `First rows of ${name}`),
      rows.length === 0
        ? el("p", { class: "soft" }, "None that others may read.")
        : el("ul", { class: "listing" }, ...rows.map((row) => el("li", {}, el("pre", {}, row)))),
    );
  }

  return () => looking.stop();
}
