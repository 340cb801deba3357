import { ChaosForm, scriptForm } from "../chaos-form.js";
import { askedBy } from "../chaos-line.js";
import { connection } from "../connection.js";
import { el, keyed, say, sayOrHide } from "../element.js";
import { count, seconds, time } from "../format.js";
import { poll } from "../poll.js";
import { sureButton } from "../process-link.js";

const EVERY_MS = 1_000;
const STOP_AGAIN_MS = 100;
const ANSWER_MAX = 100;
const SHOWN_MAX = 200;
const TOLD_MAX = 500;
const STATES = { running: "running", over: "over", stopped: "stopped", failed: "failed" };

export function chaosView(root) {
  let id = "";
  let line = "";
  /** What was struck, the oldest first, as far as the server has kept it. */
  let told = [];

  const form = new ChaosForm(start);
  const script = scriptForm((text) => start(askedBy(text)));
  const forms = el("div", { class: "chaos-forms" }, form.element, script);
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const title = el("h2", {});
  const state = el("span", { class: "badge" });
  const stop = el("button", { class: "button button-danger", type: "button", onclick: end }, "Stop");
  const again = sureButton("Run it again", "Really run it again?", repeat);
  const progress = el("progress", { "aria-label": "Time that has passed" });
  const note = el("p", { role: "status" });
  const missed = el("p", { class: "soft", hidden: true });
  const lineText = el("pre", { class: "one-line", tabindex: "0", "aria-label": "The same run again" });
  const scriptText = el("pre", { class: "one-line", tabindex: "0", "aria-label": "As a script" });
  const asScript = el(
    "details",
    { hidden: true },
    el("summary", {}, "Exactly this, as a script"),
    scriptText,
  );
  const faults = el("ol", { class: "struck", "aria-label": "Faults, newest first" });
  const run = el(
    "section",
    { class: "card run", "aria-label": "Run", hidden: true },
    el("header", { class: "view-head" }, title, el("div", { class: "actions" }, state, again, stop)),
    progress,
    note,
    missed,
    problem,
    el("h3", {}, "The same run again"),
    lineText,
    asScript,
    faults,
  );
  root.append(
    el("h1", {}, "Chaos"),
    el(
      "p",
      { class: "soft" },
      "Faults on purpose, in this runtime with all its shards, to see what comes back.",
    ),
    run,
    forms,
  );

  const looking = poll(
    EVERY_MS,
    () => ["chaos", { id, since: told.at(-1)?.n ?? 0 }],
    (answer) => {
      form.show(answer.faults);
      run.hidden = answer.run === undefined;
      forms.hidden = answer.run?.state === "running";
      if (answer.run !== undefined) showRun(answer.run);
    },
  );

  function showRun(now) {
    if (now.id !== id) {
      id = now.id;
      line = now.line;
      told = [];
      faults.replaceChildren();
      say(lineText, line);
    }
    told = [...told, ...now.seen].slice(-TOLD_MAX);
    if (now.seen.length === ANSWER_MAX) looking.again();
    run.dataset.state = now.state;
    say(title, `Run with seed ${now.seed}`);
    say(state, STATES[now.state]);
    const isRunning = now.state === "running";
    stop.hidden = !isRunning;
    again.hidden = isRunning;
    progress.max = now.durationMs;
    progress.value = Math.min(now.elapsedMs, now.durationMs);
    const planned = now.planned === undefined ? "" : ` of ${count(now.planned)}`;
    const unit = now.struck === 1 && planned === "" ? "fault" : "faults";
    const why = now.why === "" ? "" : `: ${now.why}`;
    say(
      note,
      `${count(now.struck)}${planned} ${unit} in ${seconds(now.elapsedMs)} of ${seconds(now.durationMs)}${why}`,
    );
    sayOrHide(
      missed,
      now.missed.length === 0 ? "" : `There was nobody whom it could strike: ${now.missed.join(", ")}`,
    );
    asScript.hidden = told.length === 0 || told.length < now.struck;
    if (asScript.open) showScript(now.seed);
    asScript.ontoggle = () => showScript(now.seed);
    keyed(
      faults,
      told.slice(-SHOWN_MAX).toReversed(),
      ({ n }) => n,
      makeFault,
      () => {},
    );
  }

  function showScript(seed) {
    const struck = told.map(({ atMs, fault, target }) => ({ atMs, fault, target }));
    say(scriptText, JSON.stringify({ seed, script: struck }));
  }

  async function start(asked) {
    await connection.ask("chaosStart", asked);
    looking.again();
    root.scrollIntoView();
  }

  /** The run may be killing the very channel by which it is to be stopped: asks until it is told. */
  async function end() {
    while (run.isConnected) {
      try {
        await connection.ask("chaosStop");
        break;
      } catch (error) {
        sayOrHide(problem, `not stopped yet: ${error.message}`);
        await new Promise((resolve) => setTimeout(resolve, STOP_AGAIN_MS));
      }
    }
    sayOrHide(problem, "");
    looking.again();
  }

  async function repeat() {
    try {
      await start(askedBy(line));
      sayOrHide(problem, "");
    } catch (error) {
      sayOrHide(problem, error.message);
    }
  }

  return () => looking.stop();
}

function makeFault({ n, wallMs, atMs, fault, target }) {
  return el(
    "li",
    {},
    el("span", { class: "soft" }, String(n)),
    el("time", {}, time(wallMs)),
    el("span", { class: "soft" }, `at ${count(atMs)} ms`),
    el("strong", {}, fault),
    el("span", {}, target),
  );
}
