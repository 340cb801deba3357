import uPlot from "/dashboard/vendor/uplot.js";
import { el, say } from "./element.js";

const POINTS_MAX = 120;
const HEIGHT = 150;
const LINES = 6;
/** Steps of the values' axis: 1, 2, 5, 10 and so on. */
const STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((first) => first * 10 ** power)).flat();

/** A line for each shard over the last two minutes; of more than six, the others share colours. */
export class Chart {
  element;
  #value;
  #plotElement;
  #plot;
  #times = [];
  #lines = [];
  #format;
  #observer;

  constructor(title, format) {
    this.#format = format;
    this.#value = el("p", { class: "chart-value" }, "–");
    this.#plotElement = el("div", { class: "plot" });
    this.element = el(
      "section",
      { class: "card chart", "aria-label": title },
      el("header", {}, el("h2", {}, title), this.#value),
      this.#plotElement,
    );
    this.#observer = new ResizeObserver(() => {
      if (this.#plot !== undefined) this.#plot.setSize(this.#size());
    });
    this.#observer.observe(this.#plotElement);
  }

  /** A value for each shard, and what stands for all of them. */
  add(atMs, values, total) {
    say(this.#value, this.#format(total));
    this.element.dataset.value = String(total);
    this.element.dataset.points = String(this.#times.length + 1);
    if (values.length !== this.#lines.length) {
      this.#times = [];
      this.#lines = values.map(() => []);
      this.#plot?.destroy();
      this.#plot = undefined;
    }
    this.#times.push(atMs / 1_000);
    for (const [index, value] of values.entries()) this.#lines[index].push(value);
    if (this.#times.length > POINTS_MAX) for (const line of [this.#times, ...this.#lines]) line.shift();
    const data = [this.#times, ...this.#lines];
    if (this.#plot === undefined) this.#plot = new uPlot(this.#options(), data, this.#plotElement);
    else this.#plot.setData(data);
  }

  destroy() {
    this.#observer.disconnect();
    this.#plot?.destroy();
  }

  #size() {
    return { width: Math.max(100, this.#plotElement.clientWidth), height: HEIGHT };
  }

  #options() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = {
      stroke: () => colour("--ink-soft"),
      grid: { stroke: () => colour("--line"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    return {
      ...this.#size(),
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(4, (max ?? 0) * 1.1)] } },
      axes: [
        {
          ...axis,
          space: 90,
          size: 26,
          values: (_plot, at) =>
            at.map((second) => new Date(second * 1_000).toLocaleTimeString("en-GB", time)),
        },
        {
          ...axis,
          size: 56,
          space: 32,
          incrs: STEPS,
          values: (_plot, at) => at.map((value) => this.#format(value)),
        },
      ],
      series: [
        {},
        ...this.#lines.map((_line, index) => ({
          stroke: () => colour(`--line-${index % LINES}`),
          width: 2,
          points: { show: false },
          ...(this.#lines.length === 1 ? { fill: () => colour("--accent-soft") } : {}),
        })),
      ],
    };
  }
}
