import { connection } from "./connection.js";
import { el, sayOrHide } from "./element.js";
import { sureButton } from "./process-link.js";

const SEED_MAX = 1_000_000;
const SUGGESTIONS = 16;
/** The supervisors of the dashboard's own processes. */
const OWN = /\/dashboard\/socket(\.|$)/;
const SCRIPT_LENGTH_MAX = 60_000;

/** Where one says what shall happen. `start` is given it, and rejects if the server does not take it. */
export class ChaosForm {
  element;
  #fields = {};
  #faults = el("div", { class: "fault-list" });
  #supervisors = el("ul", { class: "chips", "aria-label": "Supervisors by name" });
  #problem = el("p", { class: "problem", role: "alert", hidden: true });

  constructor(start) {
    const submit = async () => {
      try {
        await start(this.#asked());
        this.#fields.seed.value = randomSeed();
        sayOrHide(this.#problem, "");
      } catch (error) {
        sayOrHide(this.#problem, error.message);
      }
    };
    this.element = el(
      "form",
      {
        class: "card chaos-form new-run",
        "aria-label": "New run",
        onsubmit: (event) => event.preventDefault(),
      },
      el("h2", {}, "New run"),
      this.#group(
        "Who",
        this.#text("under", "Below these supervisors", "Names, separated by commas"),
        this.#supervisors,
        this.#text("named", "These processes", "Names, separated by commas"),
        this.#text("behaving", "These behaviours", "Classes, separated by commas"),
        this.#check("everybody", "Everybody whom somebody has started", false),
        this.#text("shards", "Only on these shards", "All", "numeric"),
        this.#text("except", "Never these, nor who is below them", "Names, separated by commas"),
        this.#check("spareDashboard", "Never the dashboard's own channels, connections and observers", true),
      ),
      this.#group("Faults", this.#faults),
      this.#group(
        "When",
        el(
          "div",
          { class: "number-fields" },
          this.#number("seed", "Seed", randomSeed(), { min: 0, step: 1 }),
          this.#number("rateHz", "Faults a second", 1, { min: 0.01, max: 50, step: "any" }),
          this.#number("seconds", "Seconds", 60, { min: 1, max: 3_600, step: "any" }),
        ),
      ),
      this.#problem,
      el("p", {}, sureButton("Start chaos", "Really start it?", submit)),
    );
    this.#fields.shards.closest(".field").hidden = true;
    void this.#suggest();
  }

  /** What there is to choose from. */
  show(faults) {
    const known = faults.map(({ form }) => form).join();
    if (this.#faults.dataset.known === known) return;
    this.#faults.dataset.known = known;
    this.#fields.shards.closest(".field").hidden = !faults.some(({ ofShards }) => ofShards);
    this.#faults.replaceChildren(...faults.map((fault, index) => faultField(fault, index === 0)));
  }

  #asked() {
    const { under, named, behaving, everybody, shards, except, spareDashboard, ...numbers } = this.#fields;
    return {
      seed: Number(numbers.seed.value),
      durationMs: Math.round(Number(numbers.seconds.value) * 1_000),
      rateHz: Number(numbers.rateHz.value),
      under: listed(under),
      named: listed(named),
      behaving: listed(behaving),
      everybody: everybody.checked,
      shards: listed(shards).map(Number),
      except: listed(except),
      spareDashboard: spareDashboard.checked,
      faults: chosen(this.#faults),
    };
  }

  #group(title, ...children) {
    return el("fieldset", {}, el("legend", {}, title), ...children);
  }

  #text(key, title, placeholder, inputmode) {
    const id = `chaos-${key}`;
    this.#fields[key] = el("input", { id, placeholder, inputmode, autocomplete: "off", spellcheck: "false" });
    return el("p", { class: "field" }, el("label", { for: id }, title), this.#fields[key]);
  }

  #number(key, title, value, limits) {
    const id = `chaos-${key}`;
    this.#fields[key] = el("input", { id, type: "number", value, required: true, ...limits });
    return el("p", { class: "field" }, el("label", { for: id }, title), this.#fields[key]);
  }

  #check(key, title, checked) {
    this.#fields[key] = el("input", { type: "checkbox", checked });
    return el("label", { class: "check" }, this.#fields[key], el("span", {}, title));
  }

  /** Supervisors that have a name, to be chosen by a click. */
  async #suggest() {
    const asked = { kind: "supervisor", sort: "name", limit: 100 };
    const { rows } = await connection.ask("processes", asked).catch(() => ({ rows: [] }));
    const names = new Set(rows.flatMap(({ name }) => (name === undefined || OWN.test(name) ? [] : name)));
    const chips = [...names].slice(0, SUGGESTIONS).map((name) => {
      const add = () => {
        const { under } = this.#fields;
        under.value = [...new Set([...listed(under), name])].join(", ");
      };
      return el("li", {}, el("button", { class: "link", type: "button", onclick: add }, name));
    });
    this.#supervisors.replaceChildren(...chips);
  }
}

/** Where a script, or the line of another run, is pasted. */
export function scriptForm(start) {
  const text = el("textarea", {
    id: "chaos-script",
    rows: 4,
    maxlength: SCRIPT_LENGTH_MAX,
    spellcheck: "false",
    placeholder: '{"script":[{"atMs":1240,"fault":"kill","target":"stock"}]}',
  });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const submit = async () => {
    try {
      await start(text.value);
      sayOrHide(problem, "");
    } catch (error) {
      sayOrHide(problem, error.message);
    }
  };
  return el(
    "form",
    { class: "card chaos-form", "aria-label": "Script", onsubmit: (event) => event.preventDefault() },
    el("h2", {}, "Script"),
    el("label", { for: "chaos-script" }, "The line of another run, or the script of a test that has failed"),
    text,
    problem,
    el("p", {}, sureButton("Run it", "Really run it?", submit)),
  );
}

function faultField({ form, about, max, usual }, checked) {
  const [before, after] = form.split(/[#*]/);
  const isNumber = form.includes("#");
  const value = usual ?? "";
  const limits = isNumber ? { type: "number", min: 1, max } : { maxlength: 40 };
  const label = `Of ${form.replace(/[#*]/, "…")}`;
  const amount = usual === undefined ? [] : [el("input", { value, "aria-label": label, ...limits })];
  const box = el("input", { type: "checkbox", checked, "data-form": form });
  return el(
    "div",
    { class: "fault" },
    el("label", { class: "check" }, box, el("span", {}, el("strong", {}, before.trim()))),
    ...amount,
    ...(after === undefined || after === "" ? [] : [el("span", {}, after.trim())]),
    el("span", { class: "soft" }, about),
  );
}

/** The faults that are ticked, as scripts call them. */
function chosen(faults) {
  return [...faults.children].flatMap((fault) => {
    const box = fault.querySelector("[data-form]");
    const amount = fault.querySelector("input:not([data-form])")?.value.trim() ?? "";
    return box.checked ? [box.dataset.form.replace(/[#*]/, amount)] : [];
  });
}

function listed(field) {
  return field.value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function randomSeed() {
  return Math.floor(Math.random() * SEED_MAX);
}
