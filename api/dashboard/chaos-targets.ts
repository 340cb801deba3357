import { faultsNamed, strikesShards } from "./chaos-faults.ts";
import type { ChaosFault, ChaosKit, ChaosTarget } from "./chaos-kit.ts";
import type { ChaosPlan } from "./chaos-plan.ts";

/** The name of the process that runs chaos: one in a runtime. */
export const RUNNER = "rookery.chaos";

/** The observers, and the supervisors of the channels and connections of pages. */
const OWN_NAME = /\.observer(\.guest)?$|\/dashboard\/socket(\.channels|\.transports)?$/;

/** A run that ends itself is none. */
const isRunner: ChaosTarget = ({ name }) => name === RUNNER;

/** The processes by which pages see: what they keep is nothing, but they have to start again. */
const isOfDashboard: ChaosTarget = ({ name, label }) => {
  const { socket, channel } = servedBy(label);
  return (
    socket === "Dashboard" || channel === "DashboardChannel" || (name !== undefined && OWN_NAME.test(name))
  );
};

/** Who may come to harm by a plan, who must not, and how. */
export function harmOf(
  kit: ChaosKit,
  plan: ChaosPlan,
): {
  readonly targets: readonly ChaosTarget[];
  readonly except: readonly ChaosTarget[];
  readonly faults: readonly ChaosFault[];
} {
  const { except, spareDashboard } = plan;
  const kept = except.flatMap((name) => [kit.named(name), kit.under(name)]);
  const own = spareDashboard ? [isRunner, isOfDashboard] : [isRunner];
  // The victims of a script are as it says.
  const target = "script" in plan ? (): boolean => true : targetOf(kit, plan);
  const names = "script" in plan ? plan.script.map(({ fault }) => fault) : plan.faults;
  return {
    targets: [target],
    except: [...kept, ...own],
    faults: faultsNamed(kit, [...new Set(names)]).map((fault) =>
      strikesShards(fault.name) ? withoutSparing(fault, own) : fault,
    ),
  };
}

/** What a channel or a connection calls itself: all of them have the same behaviour, and who writes one knows its own class. */
function servedBy(label: unknown): { readonly channel?: unknown; readonly socket?: unknown } {
  return (label ?? {}) as { readonly channel?: unknown; readonly socket?: unknown };
}

function servedByAny(names: readonly unknown[]): ChaosTarget {
  return ({ label }) => {
    const { channel, socket } = servedBy(label);
    return names.includes(channel ?? socket);
  };
}

function targetOf(kit: ChaosKit, plan: Exclude<ChaosPlan, { readonly script: unknown }>): ChaosTarget {
  const { everybody, under, named, behaving, shards } = plan;
  const meant = [
    ...(everybody ? [kit.supervised] : []),
    ...under.map((name) => kit.under(name)),
    kit.named(...named),
    kit.behaving(...behaving),
    servedByAny(behaving),
  ];
  return (candidate) =>
    (shards.length === 0 || shards.includes(candidate.place)) && meant.some((target) => target(candidate));
}

/**
 * No shard crashes, and no line is late, where somebody lives who is spared, and the dashboard has an observer on each. That is as good as new when the
 * shard is back.
 */
function withoutSparing(fault: ChaosFault, own: readonly ChaosTarget[]): ChaosFault {
  const isOwn = (candidate: never): boolean => own.some((target) => target(candidate));
  return {
    ...fault,
    targets: (system, selected, spared) =>
      fault.targets(
        system,
        selected,
        spared.filter((candidate) => !isOwn(candidate)),
      ),
  };
}
