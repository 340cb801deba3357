import { shownChaos, startChaos, stopChaos } from "./chaos-control.ts";
import { chaosPlanOf } from "./chaos-plan.ts";
import type { Asked, DashboardEvent } from "./dashboard-requests.ts";
import type { EventCount } from "./telemetry-counts.ts";
import type { Observers } from "./observers.ts";
import { mergedPage, type PageQuery } from "./process-page.ts";
import { CHILDREN_MAX, type TreeBranch } from "./supervision-tree.ts";

type AnswersOf = {
  readonly [Event in DashboardEvent]: (observers: Observers, asked: Asked<Event>) => Promise<object>;
};

/** So much of a kind stands in one answer, from all shards together: none is longer than 200 KB. */
const NODES_MAX = 500;
const ROOTS_MAX = 100;
const TOPICS_MAX = 800;
const TOPIC_LISTS_MAX = 100;
const STORES_MAX = 500;
const CRASHES_MAX = 60;
const EVENTS_MAX = 1_000;

const GONE = { gone: true } as const;

/** How each question of a page is answered: by all shards, or by the one on which a process lives. `refused` says why something is not done. */
export const answersTo: AnswersOf = {
  async overview(observers) {
    const { answers, silent } = await observers.all("vitals", {});
    return { shards: answers, silent };
  },

  async processes(observers, { search, ...asked }) {
    const query: PageQuery = { ...asked, search: search.trim().toLowerCase() };
    const { answers, silent } = await observers.all("processes", { query });
    return { ...mergedPage(answers, query), silent };
  },

  async process(observers, asked) {
    return (await observers.near(asked.pid, "process", asked)) ?? GONE;
  },

  async tree(observers, { open }) {
    const [roots, branches] = await Promise.all([
      observers.all("roots", {}),
      open.length === 0
        ? undefined
        : observers.all("branches", {
            pids: open,
            max: Math.min(CHILDREN_MAX, Math.floor(NODES_MAX / open.length)),
          }),
    ]);
    const found: readonly TreeBranch[] = branches?.answers.flat() ?? [];
    return { roots: roots.answers.flat().slice(0, ROOTS_MAX), branches: found, silent: roots.silent };
  },

  async trace(observers, asked) {
    return { on: (await observers.near(asked.pid, "trace", asked)) ?? false };
  },

  async tap(observers, asked) {
    return (await observers.near(asked.pid, "tap", asked)) ?? GONE;
  },

  async untap(observers, asked) {
    await observers.near(asked.pid, "untap", asked);
    return {};
  },

  async topics(observers, asked) {
    const { answers, silent } = await observers.all("topics", asked);
    const lists = answers
      .flatMap(({ place: shard, pubsubs, trackers }) => [
        ...pubsubs.map((list) => ({ ...list, shard, kind: "PubSub" as const })),
        ...trackers.map((list) => ({ ...list, shard, kind: "Presence" as const })),
      ])
      .slice(0, TOPIC_LISTS_MAX);
    const max = Math.floor(TOPICS_MAX / Math.max(1, lists.length));
    return { lists: lists.map((list) => ({ ...list, topics: list.topics.slice(0, max) })), silent };
  },

  async presences(observers, { shard, ...asked }) {
    return { presences: await observers.at(shard, "presences", asked) };
  },

  async stores(observers) {
    const { answers, silent } = await observers.all("stores", {});
    return { stores: answers.flat().slice(0, STORES_MAX), silent };
  },

  async rows(observers, { shard, ...asked }) {
    return { rows: await observers.at(shard, "storeRows", asked) };
  },

  async crashes(observers) {
    const { answers, silent } = await observers.all("crashes", {});
    const reports = answers
      .flatMap(({ seen }) => seen)
      .toSorted((left, right) => right.atMs - left.atMs)
      .slice(0, CRASHES_MAX);
    return { reports, total: answers.reduce((sum, { last }) => sum + last, 0), silent };
  },

  async telemetry(observers) {
    const { answers, silent } = await observers.all("telemetry", {});
    return { events: summed(answers).slice(0, EVENTS_MAX), silent };
  },

  async act(observers, asked) {
    return { result: (await observers.near(asked.pid, "act", asked)) ?? "gone" };
  },

  chaos: shownChaos,

  async chaosStart(observers, asked) {
    const plan = chaosPlanOf(asked);
    return "refused" in plan ? plan : startChaos(observers, plan);
  },

  chaosStop: stopChaos,
};

function summed(shards: readonly (readonly EventCount[])[]): EventCount[] {
  const counts = new Map<string, number>();
  for (const { event, count } of shards.flat()) counts.set(event, (counts.get(event) ?? 0) + count);
  return Array.from(counts, ([event, count]) => ({ event, count })).toSorted((left, right) =>
    left.event < right.event ? -1 : 1,
  );
}
