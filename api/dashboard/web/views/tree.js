import { el, keyed, say } from "../element.js";
import { count } from "../format.js";
import { poll } from "../poll.js";
import { processLink } from "../process-link.js";
import { showSilent } from "../silent.js";

const EVERY_MS = 1_000;
const OPEN_MAX = 60;
/** Supervisors are shown open down to here, unless they have very many children. */
const OPEN_DEPTH = 4;
const OPEN_CHILDREN_MAX = 24;

export function treeView(root) {
  const list = el("ul", { class: "tree" });
  root.append(
    el("h1", {}, "Supervision"),
    el("p", { class: "soft" }, "Who starts whom, and how often each was started again."),
    list,
  );
  /** What the user has opened and closed; everything else is as it comes. */
  const chosen = new Map();
  let open = [];

  const looking = poll(
    EVERY_MS,
    () => ["tree", { open: open.slice(0, OPEN_MAX) }],
    (answer) => {
      showSilent(answer);
      const branches = new Map(answer.branches.map((branch) => [branch.pid, branch]));
      const known = open;
      open = [];
      showNodes(list, answer.roots, branches, 0);
      // What has just come into view has children to be asked for.
      if (open.some((pid) => !known.includes(pid))) looking.again();
    },
  );

  function showNodes(parent, nodes, branches, depth) {
    keyed(parent, nodes, nodeKey(), makeNode, (item, node) => showNode(item, node, branches, depth));
  }

  function showNode(item, node, branches, depth) {
    const { pid, type, state, behaviour, restarts, id } = node;
    const [line, below] = item.children;
    const [toggle, name, what, link, badge, note] = line.children;
    if (item.dataset.pid !== undefined && item.dataset.pid !== (pid ?? "")) {
      line.classList.remove("node-new");
      void line.offsetWidth; // begins the animation anew
      line.classList.add("node-new");
    }
    item.dataset.pid = pid ?? "";
    item.dataset.type = type;
    item.dataset.state = state;
    say(name, id === "" ? behaviour : id);
    say(what, behaviour === id ? "" : behaviour);
    if (link.textContent !== (pid ?? state))
      link.replaceChildren(pid === undefined ? state : processLink(pid));
    say(badge, restarts === 0 ? "" : `↻ ${count(restarts)}`);
    badge.hidden = restarts === 0;
    badge.setAttribute("aria-label", `${restarts} restarts`);
    toggle.hidden = type !== "supervisor";
    const branch = branches.get(pid);
    const isOpen = type === "supervisor" && pid !== undefined && (chosen.get(pid) ?? isSmall(branch, depth));
    toggle.setAttribute("aria-expanded", String(isOpen));
    toggle.setAttribute("aria-label", `Children of ${name.textContent}`);
    say(note, branch === undefined ? "" : noteOf(branch));
    below.hidden = !isOpen;
    if (!isOpen) {
      below.replaceChildren();
      return;
    }
    open.push(pid);
    if (branch !== undefined) showNodes(below, branch.children, branches, depth + 1);
  }

  function makeNode() {
    const item = el("li", { class: "node" });
    const toggle = el("button", { class: "toggle", type: "button" });
    toggle.addEventListener("click", () => {
      chosen.set(item.dataset.pid, toggle.getAttribute("aria-expanded") !== "true");
      looking.again();
    });
    const line = el(
      "div",
      { class: "node-line" },
      toggle,
      el("strong", {}),
      el("span", { class: "soft" }),
      el("span", {}),
      el("span", { class: "badge", hidden: true }),
      el("span", { class: "soft note" }),
    );
    item.append(line, el("ul", { hidden: true }));
    return item;
  }

  return () => looking.stop();
}

/** A child that was started again is the same one: its place in the list counts, not its pid. */
function nodeKey() {
  const seen = new Map();
  return ({ id, behaviour }) => {
    const name = `${id} ${behaviour}`;
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    return `${name} ${nth}`;
  };
}

function isSmall(branch, depth) {
  return depth < OPEN_DEPTH && (branch === undefined || branch.count <= OPEN_CHILDREN_MAX);
}

function noteOf({ strategy, count: all, children }) {
  const shown = children.length < all ? `, the first ${children.length} shown` : "";
  return `${strategy}, ${count(all)} ${all === 1 ? "child" : "children"}${shown}`;
}
