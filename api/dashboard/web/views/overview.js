import { Chart } from "../chart.js";
import { el, keyed, say } from "../element.js";
import { brief, bytes, count, ms } from "../format.js";
import { poll } from "../poll.js";
import { showSilent } from "../silent.js";

const EVERY_MS = 1_000;

/** Of two looks at the same shard: what it has taken a second. */
function rate(shard, before) {
  const seconds = before === undefined ? 0 : (shard.atMs - before.atMs) / 1_000;
  return seconds > 0 ? Math.max(0, (shard.reductions - before.reductions) / seconds) : 0;
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const most = (values) => Math.max(0, ...values);

export function overviewView(root) {
  const charts = [
    ["Reductions a second", brief, (shards) => shards.map(({ rate }) => rate), sum],
    ["Run queue", brief, (shards) => shards.map(({ runQueue }) => runQueue), sum],
    ["Event loop late by at most", ms, (shards) => shards.map(({ delayMaxMs }) => delayMaxMs), most],
    ["Heap", bytes, (shards) => shards.map(({ heapUsed }) => heapUsed), sum],
    ["Processes", brief, (shards) => shards.map(({ processes }) => processes), sum],
    ["Sockets", brief, (shards) => shards.map(({ sockets }) => sockets), sum],
  ].map(([title, format, values, total]) => ({ chart: new Chart(title, format), values, total }));
  const tiles = el("dl", { class: "tiles" });
  const legend = el("ul", { class: "legend", "aria-label": "Shards" });
  root.append(
    el("h1", {}, "Overview"),
    tiles,
    el("div", { class: "charts" }, ...charts.map(({ chart }) => chart.element)),
    legend,
  );

  let last = new Map();
  const looking = poll(
    EVERY_MS,
    () => ["overview"],
    (answer) => {
      showSilent(answer);
      const shards = answer.shards.map((shard) => ({ ...shard, rate: rate(shard, last.get(shard.place)) }));
      const first = last.size === 0;
      last = new Map(shards.map((shard) => [shard.place, shard]));
      showTiles(tiles, shards);
      showLegend(legend, shards);
      // The first look has nothing to compare with.
      if (first) return;
      for (const { chart, values, total } of charts)
        chart.add(Date.now(), values(shards), total(values(shards)));
    },
  );
  return () => {
    looking.stop();
    for (const { chart } of charts) chart.destroy();
  };
}

function showTiles(tiles, shards) {
  const all = (name) => sum(shards.map((shard) => shard[name]));
  const values = [
    ["Shards", count(shards.length)],
    ["Processes", count(all("processes"))],
    ["Sockets", count(all("sockets"))],
    ["Channels", count(all("channels"))],
    ["Messages a second", brief(all("rate"))],
    ["Memory", bytes(most(shards.map(({ rss }) => rss)))],
  ];
  keyed(
    tiles,
    values,
    ([title]) => title,
    ([title]) => el("div", { class: "card tile" }, el("dt", {}, title), el("dd", {})),
    (tile, [, value]) => say(tile.lastElementChild, value),
  );
}

function showLegend(legend, shards) {
  legend.hidden = shards.length < 2;
  keyed(
    legend,
    shards,
    ({ place }) => place,
    ({ place }) =>
      el(
        "li",
        {},
        el("span", { class: `swatch swatch-${place % 6}`, "aria-hidden": "true" }),
        `Shard ${place}`,
      ),
    () => {},
  );
}
