import { el, keyed, say } from "../element.js";
import { count, time } from "../format.js";
import { poll } from "../poll.js";
import { processLink } from "../process-link.js";
import { showSilent } from "../silent.js";

const EVERY_MS = 2_000;

export function crashesView(root) {
  const note = el("p", { class: "soft", role: "status" });
  const list = el("ol", { class: "crashes" });
  root.append(el("h1", {}, "Crash reports"), note, list);
  const looking = poll(
    EVERY_MS,
    () => ["crashes"],
    (answer) => {
      showSilent(answer);
      const { reports, total } = answer;
      const shown = total > reports.length ? `, the last ${reports.length} are shown` : "";
      say(
        note,
        total === 0 ? "Nothing has crashed since the start." : `${count(total)} since the start${shown}`,
      );
      keyed(
        list,
        reports,
        ({ n, item }) => `${item.pid} ${n}`,
        makeReport,
        () => {},
      );
    },
  );
  return () => looking.stop();
}

function makeReport({ atMs, item: { text, pid, stack, lastMessage, state, mailbox } }) {
  const parts = [
    ["Last message", lastMessage],
    ["State", state],
    ["Stack", stack],
  ].filter(([, part]) => part !== "");
  return el(
    "li",
    { class: "card" },
    el(
      "p",
      { class: "crash-head" },
      el("time", {}, time(atMs)),
      processLink(pid),
      el("span", { class: "soft" }, `${count(mailbox)} messages left`),
    ),
    el("p", {}, text),
    ...(parts.length === 0
      ? []
      : [
          el(
            "details",
            {},
            el("summary", {}, "Details"),
            ...parts.flatMap(([title, part]) => [el("h3", {}, title), el("pre", {}, part)]),
          ),
        ]),
  );
}
