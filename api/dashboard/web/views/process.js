import { connection } from "../connection.js";
import { el, keyed, say, sayOrHide } from "../element.js";
import { bytes, count, time } from "../format.js";
import { poll } from "../poll.js";
import { processLink, sureButton } from "../process-link.js";

const EVERY_MS = 1_000;
const TRACE_MAX = 200;

export function processView(root, pid = "") {
  let since = 0;
  let tracing = false;
  let told = [];

  const title = el("h1", {}, pid);
  const problem = el("p", { class: "notice", role: "status", hidden: true });
  const traceButton = el("button", { class: "button", type: "button", "aria-pressed": "false" }, "Trace");
  const actions = el(
    "div",
    { class: "actions" },
    el("button", { class: "button", type: "button", onclick: () => act("suspend") }, "Suspend"),
    el("button", { class: "button", type: "button", onclick: () => act("resume") }, "Resume"),
    traceButton,
    sureButton("Kill", "Really kill it?", () => act("kill")),
  );
  const facts = el("dl", { class: "facts card" });
  const state = el("pre", { tabindex: "0", "aria-label": "State" });
  const dictionary = el("pre", { tabindex: "0", "aria-label": "Process dictionary" });
  const messages = el("ol", { class: "messages" });
  const relations = el("div", { class: "relations" });
  const trace = el("ol", { class: "trace", "aria-label": "Trace" });
  const traceCard = el("section", { class: "card", hidden: true }, el("h2", {}, "Trace"), trace);
  const dictionaryCard = el(
    "section",
    { class: "card", hidden: true },
    el("h2", {}, "Dictionary"),
    dictionary,
  );
  const messagesTitle = el("h2", {}, "Mailbox");
  const content = el(
    "div",
    { class: "process" },
    facts,
    el("section", { class: "card" }, el("h2", {}, "State"), state),
    traceCard,
    el("section", { class: "card" }, messagesTitle, messages),
    el("section", { class: "card" }, el("h2", {}, "Relations"), relations),
    dictionaryCard,
  );
  root.append(
    el("p", { class: "back" }, el("a", { href: "#/processes" }, "← Processes")),
    el("header", { class: "view-head" }, title, actions),
    problem,
    content,
  );

  traceButton.addEventListener("click", async () => {
    const { on } = await connection.ask("trace", { pid, on: !tracing }).catch(() => ({ on: tracing }));
    told = [];
    since = 0;
    trace.replaceChildren();
    setTracing(on);
  });

  const looking = poll(EVERY_MS, () => ["process", { pid, since }], show);

  function show(details) {
    if (details.gone === true) {
      sayOrHide(problem, "This process is gone.");
      actions.hidden = true;
      content.classList.add("gone");
      looking.stop();
      return;
    }
    say(title, details.name ?? details.label ?? details.behaviour);
    traceButton.disabled = !details.traceable;
    showFacts(facts, details);
    say(state, details.state);
    say(messagesTitle, `Mailbox (${count(details.mailbox)})`);
    messages.replaceChildren(...details.messages.map((text) => el("li", {}, el("pre", {}, text))));
    if (details.messages.length === 0) messages.replaceChildren(el("li", { class: "soft" }, "Empty"));
    showRelations(relations, details);
    dictionaryCard.hidden = details.dictionary === "";
    say(dictionary, details.dictionary);
    showTrace(details.trace);
  }

  function showTrace(seen) {
    setTracing(seen !== undefined && seen !== null);
    if (!tracing) return;
    since = seen.last;
    told = [...told, ...seen.seen].slice(-TRACE_MAX);
    keyed(
      trace,
      told,
      ({ n }) => n,
      ({ atMs, item }) => el("li", {}, el("time", {}, time(atMs)), el("pre", {}, item)),
      () => {},
    );
  }

  function setTracing(on) {
    tracing = on;
    traceButton.setAttribute("aria-pressed", String(on));
    say(traceButton, on ? "Stop trace" : "Trace");
    traceCard.hidden = !on;
  }

  async function act(action) {
    const { result } = await connection.ask("act", { pid, action }).catch(() => ({ result: "lost" }));
    sayOrHide(problem, result === "failed" ? `It did not answer: ${action} failed.` : "");
    looking.again();
  }

  return () => {
    looking.stop();
    if (tracing) connection.ask("trace", { pid, on: false }).catch(() => {});
  };
}

function showFacts(facts, details) {
  const values = [
    ["Pid", details.pid],
    ["Behaviour", details.behaviour],
    ["State", details.status],
    ["Reductions", count(details.reductions)],
    ["Mailbox", count(details.mailbox)],
    ["Memory, without state", bytes(details.memory)],
    ["Priority", details.priority],
    ["Traps exits", details.trapExit ? "yes" : "no"],
    ["Timers", count(details.timers)],
  ];
  keyed(
    facts,
    values,
    ([title]) => title,
    ([title]) => el("div", {}, el("dt", {}, title), el("dd", {})),
    (fact, [, value]) => say(fact.lastElementChild, value),
  );
}

function showRelations(element, { parent, ancestors, links, monitors, monitoredBy }) {
  const lists = [
    ["Parent", { count: parent === undefined ? 0 : 1, items: parent === undefined ? [] : [parent] }],
    ["Ancestors", { count: ancestors.length, items: ancestors }],
    ["Links", links],
    ["Monitors", monitors],
    ["Monitored by", monitoredBy],
  ].filter(([, list]) => list.count > 0);
  keyed(
    element,
    lists,
    ([title]) => title,
    () => el("div", { class: "relation" }, el("h3", {}), el("ul", { class: "chips" })),
    (relation, [title, list]) => {
      const [head, chips] = relation.children;
      say(head, `${title} (${count(list.count)})`);
      keyed(
        chips,
        [...new Set(list.items)],
        (item) => item,
        (item) => el("li", {}, item.startsWith("<") ? processLink(item) : item),
        () => {},
      );
    },
  );
}
