import { type CallResult, DynamicSupervisor, GenServer, ok, type Ok, reply, type Runtime } from "rookery";
import { names } from "./names.ts";

/** What one shard holds, or all of them together. */
export interface ShardStats {
  readonly processes: number;
  readonly sockets: number;
  readonly channels: number;
  readonly mailbox: { readonly total: number; readonly longest: number };
  /** `rssBytes` is that of the whole program; each shard has a heap of its own. */
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number };
}

/** Counts on its own shard. */
export class StatsServer extends GenServer<undefined, "stats"> {
  static override readonly module: string = import.meta.url;

  init(): Ok<undefined> {
    return ok(undefined);
  }

  override async handleCall(): Promise<CallResult> {
    const { runtime } = this.self;
    const pids = runtime.processes();
    const lengths = pids.map((pid) => runtime.info(pid)?.messageQueueLength ?? 0);
    const { rss, heapUsed } = process.memoryUsage();
    return reply({
      processes: pids.length,
      sockets: await supervised(runtime, "transports"),
      channels: await supervised(runtime, "channels"),
      mailbox: { total: lengths.reduce((sum, length) => sum + length, 0), longest: Math.max(...lengths) },
      memory: { rssBytes: rss, heapUsedBytes: heapUsed },
    } satisfies ShardStats);
  }
}

/** How many processes of a kind the supervisors of the socket mounts hold. */
async function supervised(runtime: Runtime, kind: "transports" | "channels"): Promise<number> {
  const supervisors = runtime
    .registered()
    .filter((name) => name.startsWith(names.endpoint) && name.endsWith(`.${kind}`));
  const counts = await Promise.all(supervisors.map((name) => DynamicSupervisor.countChildren(runtime, name)));
  return counts.reduce((sum, { active }) => sum + active, 0);
}

export function totalOf(shards: readonly ShardStats[]): ShardStats {
  const sum = (of: (stats: ShardStats) => number): number =>
    shards.reduce((total, stats) => total + of(stats), 0);
  return {
    processes: sum(({ processes }) => processes),
    sockets: sum(({ sockets }) => sockets),
    channels: sum(({ channels }) => channels),
    mailbox: {
      total: sum(({ mailbox }) => mailbox.total),
      longest: Math.max(...shards.map(({ mailbox }) => mailbox.longest)),
    },
    memory: {
      rssBytes: Math.max(...shards.map(({ memory }) => memory.rssBytes)),
      heapUsedBytes: sum(({ memory }) => memory.heapUsedBytes),
    },
  };
}
