import { systemClock } from "../clock.ts";
import { terminableJsonParse } from "../json-parse.ts";
import { JumpingClock } from "../jumping-clock.ts";
import type { Logger, LogLevel } from "../logger.ts";
import { Runtime } from "../runtime.ts";
import { attend } from "../watchdog.ts";
import { Bell } from "./bell.ts";
import { FairLocks } from "./fair-locks.ts";
import { Interconnect } from "./interconnect.ts";
import { packFields } from "./log-fields.ts";
import { NameTable } from "./name-table.ts";
import { becomeShardThread } from "./module-import.ts";
import { placeOf, type ShardNotice, type ShardOrder, type ShardSetup } from "./shard-setup.ts";
import { SPINS } from "./spins.ts";
import { ThreadLine } from "./thread-line.ts";

/** What a thread does as a shard: one task, which ends when the runtime is shut down. */
export default function runShard(setup: ShardSetup): Promise<void> {
  return new Promise((resolve, reject) => {
    new ShardThread(setup).start(resolve).catch(reject);
  });
}

class ShardThread {
  readonly #setup: ShardSetup;
  readonly #lockMemories = new Map<string, PromiseWithResolvers<SharedArrayBuffer>>();

  constructor(setup: ShardSetup) {
    this.#setup = setup;
  }

  async start(stopped: () => void): Promise<void> {
    const { number, control, freezeMessages, node, cores, cpu, jumps } = this.#setup;
    const runtime = await Runtime.start({
      shardNumber: number,
      node,
      logger: forwarding(this.#setup.logLevels, (notice) => control.postMessage(notice)),
      freezeMessages,
      cores,
      cpu,
      ...(jumps === undefined ? {} : { clock: new JumpingClock(systemClock, jumps) }),
    });
    becomeShardThread();
    const { shard } = runtime;
    const locks = new FairLocks(number, (name) => this.#lockMemory(name));
    const interconnect = new Interconnect(shard, new Bell(this.#setup.bell), SPINS, locks);
    interconnect.shareNames(new NameTable(this.#setup.names, placeOf(number)));
    shard.interconnect = interconnect;
    shard.scheduler.exchange = interconnect;
    const { watched, close } = attend(shard.scheduler);
    const untouched = this.#setup.guarded ? terminableJsonParse() : (): void => {};
    control.on("message", (order: ShardOrder) => {
      if (order.type === "connect") {
        interconnect.connect(order.number, new ThreadLine(order.end, () => shard.scheduler.wake()));
        control.postMessage({ type: "connected", number: order.number } satisfies ShardNotice);
      } else if (order.type === "open") interconnect.open(order.number);
      else if (order.type === "lost") interconnect.lost(order.number);
      else if (order.type === "lock") this.#lockMemories.get(order.name)!.resolve(order.memory);
      else
        void runtime
          .shutdown()
          .then(stopped)
          .finally(() => {
            close();
            untouched();
            control.close();
          });
    });
    control.postMessage({ type: "ready", watched } satisfies ShardNotice, [watched.port]);
  }

  #lockMemory(name: string): Promise<SharedArrayBuffer> {
    let asked = this.#lockMemories.get(name);
    if (asked === undefined) {
      asked = Promise.withResolvers();
      this.#lockMemories.set(name, asked);
      this.#setup.control.postMessage({ type: "lock", name } satisfies ShardNotice);
    }
    return asked.promise;
  }
}

/** Reports go to the logger of the thread that started the runtime. */
function forwarding(levels: readonly LogLevel[], post: (notice: ShardNotice) => void): Logger {
  const isLevelEnabled = (level: LogLevel): boolean => levels.includes(level);
  const at = (level: LogLevel) => (fields: object, message: string) => {
    if (isLevelEnabled(level)) post({ type: "log", level, fields: packFields(fields), message });
  };
  return { isLevelEnabled, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
