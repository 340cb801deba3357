import { expectDuration, expectOptions } from "../../runtime/internal.ts";
import type { Candidate } from "./candidate.ts";
import type { Fault } from "./fault.ts";
import type { LineHarm } from "./line-harm.ts";

/** Which shards: those at these places. Default: any that differ. */
export interface LineOptions {
  readonly from?: number;
  readonly to?: number;
}

/**
 * What one shard sends to another arrives up to `ms` later, in its order: between two shards where nobody lives who is excluded, for it is all that
 * is late. Never within a shard, where the BEAM delays nothing either.
 */
export function delayMessages(ms: number, options: LineOptions = {}): Fault {
  return ofLine("delay", ms, options);
}

/**
 * For `ms`, messages, casts and calls from one shard to processes of another that are targets are lost. Signals of the runtime (exits, links,
 * monitors) and replies never are, and nothing is within a shard. A call that is lost times out.
 */
export function dropMessages(ms: number, options: LineOptions = {}): Fault {
  return ofLine("drop", ms, options);
}

function ofLine(kind: LineHarm["kind"], ms: number, { from: only, to: onlyTo, ...none }: LineOptions): Fault {
  expectDuration(ms);
  expectOptions("a fault of messages", ["from", "to"], none);
  const at = (place: number, candidates: readonly Candidate[]): readonly Candidate[] =>
    candidates.filter((candidate) => candidate.place === place);
  const chosen = only === undefined && onlyTo === undefined ? "" : ` (${only ?? "any"} > ${onlyTo ?? "any"})`;
  return {
    name: `${kind} for ${ms} ms${chosen}`,
    needs:
      kind === "drop"
        ? "two shards, and a target on the one that is sent to"
        : "two shards without anybody who is excluded, and a target on the one that is sent to",
    targets(system, selected, spared) {
      const places = system.places();
      const mayHarm = (from: number, to: number): boolean =>
        at(to, selected).length > 0 &&
        (kind === "drop" || at(from, spared).length + at(to, spared).length === 0);
      return places
        .flatMap((from) => places.map((to) => [from, to] as const))
        .filter(([from, to]) => from !== to && (only ?? from) === from && (onlyTo ?? to) === to)
        .filter(([from, to]) => mayHarm(from, to))
        .map(([from, to]) => `${from} > ${to}`);
    },
    inflict(system, target, selected) {
      const [from, to] = target.split(" > ").map(Number) as [number, number];
      system.harmLine(from, { kind, to, ms, receivers: at(to, selected).map(({ pid }) => pid.id) });
    },
  };
}
