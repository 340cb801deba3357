import type { InitResult, Pid } from "../../runtime/index.ts";
import { DownMessage, ExitError, GenServer, ok } from "../../runtime/index.ts";
import { isOrderly } from "../../runtime/internal.ts";
import { SocketDrain, transportsSupervisor } from "../../channels/internal.ts";
import { DynamicSupervisor } from "../../supervisors/index.ts";
import type { EndpointState } from "./running-endpoint.ts";
import { socketName } from "./socket-mounts.ts";

/** So many clients are sent away at once, by all shards together, and so long after the last: all of them come back somewhere at the same time. */
const BATCH_SIZE = 10_000;
const BATCH_INTERVAL_MS = 2_000;

/** When the supervisor's patience ends. */
export const DRAIN_MS = 30_000;

/**
 * The last child of an endpoint and so the first to be ended: from then on the endpoint says that it is draining, and
 * the clients of its sockets are told to connect anew (1012). `Phoenix.Socket.PoolDrainer`.
 */
export class Drainer extends GenServer<undefined> {
  static override readonly module: string = import.meta.url;

  #endpoint!: EndpointState;

  init(endpoint: EndpointState): InitResult<undefined> {
    this.self.trapExit(true);
    this.#endpoint = endpoint;
    return ok(undefined);
  }

  /** Only an orderly end drains. After a kill it ends at once: its successor may be on its way and needs the name. */
  override terminate(reason: unknown): Promise<void> | undefined {
    return isOrderly(reason) ? this.#drainAll() : undefined;
  }

  async #drainAll(): Promise<void> {
    this.#endpoint.draining = true;
    const pids = await this.#transports();
    const endpoints = this.#endpoint.acceptors === "every_shard" ? this.self.runtime.shards().length : 1;
    const batchSize = Math.ceil(BATCH_SIZE / endpoints);
    for (let first = 0; first < pids.length; first += batchSize) {
      if (first > 0) await this.self.receive(() => false, { timeoutMs: BATCH_INTERVAL_MS });
      await this.#drain(pids.slice(first, first + batchSize));
    }
  }

  async #drain(transports: readonly Pid[]): Promise<void> {
    const { self } = this;
    for (const pid of transports) {
      self.monitor(pid);
      self.send(pid, new SocketDrain());
    }
    for (const _ of transports) await self.receive((message) => message instanceof DownMessage);
  }

  async #transports(): Promise<Pid[]> {
    const pids: Pid[] = [];
    for (const path of Object.keys(this.#endpoint.options.sockets)) {
      const supervisor = transportsSupervisor(socketName(this.#endpoint.options, path));
      try {
        for (const { pid } of await DynamicSupervisor.whichChildren(this.self, supervisor)) {
          if (pid !== undefined && pid !== "restarting") pids.push(pid);
        }
      } catch (error) {
        // Killed, and nobody starts it again any more: its children died with it.
        if (!(error instanceof ExitError)) throw error;
      }
    }
    return pids;
  }
}
