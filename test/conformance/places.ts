import type { Pid, Ref, Runtime, Self } from "../../runtime/index.ts";
import { monitorsOf } from "../../runtime/monitor.ts";
import { RemoteProcess } from "../../runtime/shards/remote-process.ts";
import type { Simulation } from "../../runtime/testing.ts";

/** Where the processes of a scenario live: on one shard, or spread over several. */
export class Places {
  readonly runtimes: readonly Runtime[];
  readonly #echoes: Pid[] = [];
  #placed = 0;

  constructor(simulation: Simulation) {
    this.runtimes = simulation.runtimes;
    if (!this.spread) return;
    for (const runtime of this.runtimes) {
      const echo = runtime.spawn(async (self) => {
        for (;;) {
          const [asker, token] = (await self.receive()) as [Ref, unknown];
          self.send(asker, [token]);
        }
      });
      this.#echoes.push(echo);
    }
  }

  /** Whether there are several shards. */
  get spread(): boolean {
    return this.runtimes.length > 1;
  }

  /** The shard of the next process: one after the other. */
  next(): number {
    this.#placed += 1;
    return (this.#placed - 1) % this.runtimes.length;
  }

  /** Spawns a process on the next shard. */
  spawn(body: (self: Self) => unknown): Pid {
    return this.runtimes[this.next()]!.spawn(body);
  }

  /** The runtime of the shard on which `pid` lives. */
  home(pid: Pid): Runtime {
    return this.runtimes[pid.shard]!;
  }

  /** `pid`, which is that of its own shard, as it is known on the shard of `runtime`. */
  pidFor(runtime: Runtime, pid: Pid): Pid {
    const { interconnect, number } = runtime.shard;
    if (interconnect === undefined) return pid;
    if (pid.shard === number)
      return pid.process instanceof RemoteProcess ? interconnect.pidOf(number, pid.id, false, false) : pid;
    this.home(pid).shard.interconnect!.exportPid(pid);
    return interconnect.pidOf(pid.shard, pid.id, pid.process === undefined, false);
  }

  /** `pid` as it is known on its own shard. */
  ownPid(pid: Pid): Pid {
    return this.pidFor(this.home(pid), pid);
  }

  /** Who monitors `pid`, on whatever shard. */
  watchersOf(pid: Pid): Pid[] {
    return this.runtimes.flatMap((runtime) =>
      monitorsOf(this.pidFor(runtime, pid).process?.watching, "watching").flatMap(
        ({ watcher }) => watcher?.pid ?? [],
      ),
    );
  }

  /** The same for a reference that was made on the shard of `maker`. */
  refFor(runtime: Runtime, ref: Ref, maker: Runtime): Ref {
    const { interconnect } = runtime.shard;
    if (interconnect === undefined || runtime === maker) return ref;
    maker.shard.interconnect!.exportRef(ref);
    return interconnect.refOf(maker.shard.number, ref.id);
  }

  /**
   * Waits until what `self` has sent so far has arrived on all shards, and what came of it there, too: within one shard a process
   * that looks at another one finds it so.
   */
  async arrived(self: Self): Promise<void> {
    if (!this.spread) return;
    for (let round = 0; round < this.runtimes.length; round += 1) {
      for (const echo of this.#echoes) {
        const token = self.alias({ reply: true });
        self.send(this.pidFor(self.runtime, echo), [token, token.id]);
        await self.receive(
          (message) => Array.isArray(message) && message.length === 1 && message[0] === token.id,
        );
      }
    }
  }
}
