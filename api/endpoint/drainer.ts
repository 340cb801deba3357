import type { InitResult, Pid, Ref } from "../../runtime/index.ts";
import { DownMessage, ExitError, GenServer, ok, TIMEOUT } from "../../runtime/index.ts";
import { isOrderly } from "../../runtime/internal.ts";
import { SocketDrain, transportsSupervisor } from "../../channels/internal.ts";
import { DynamicSupervisor } from "../../supervisors/index.ts";
import { completeDrainerOptions, type DrainerOptions } from "./drainer-options.ts";
import { socketDrain, type SocketDrainRound } from "../telemetry.ts";
import type { EndpointState } from "./running-endpoint.ts";
import { socketName } from "./socket-mounts.ts";

/**
 * The last child of an endpoint and so the first to be ended: from then on the endpoint says that it is draining, and, once load
 * balancers had the time to notice, the clients of its sockets are told to connect anew (1012). `Phoenix.Socket.PoolDrainer`.
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
    await this.#announce();
    const startedMs = this.self.runtime.clock.nowMs();
    for (const [path, { drainer }] of Object.entries(this.#endpoint.options.sockets)) {
      const options = completeDrainerOptions(drainer);
      if (options !== undefined) await this.#drainMount(path, options, startedMs + options.shutdown);
    }
  }

  /** Says that it is draining, and goes on as before for a while. */
  async #announce(): Promise<void> {
    const { name, drainDelayMs } = this.#endpoint.options;
    this.#endpoint.draining = true;
    for (const listener of this.#endpoint.listeners) listener.endWithAnswers();
    const { place, logger } = this.self.runtime;
    logger.info({ shard: place, drainDelayMs }, `${name} is draining`);
    if (drainDelayMs > 0) await this.self.receive(() => false, { timeoutMs: drainDelayMs });
    this.#endpoint.takesClients = false;
  }

  async #drainMount(
    path: string,
    { batchSize, batchInterval, jitter }: Required<DrainerOptions>,
    deadlineMs: number,
  ): Promise<void> {
    const { clock } = this.self.runtime;
    const pids = await this.#transports(path);
    const endpoints = this.#endpoint.acceptors === "every_shard" ? this.self.runtime.shards().length : 1;
    const ownSize = Math.ceil(batchSize / endpoints);
    const rounds = Math.ceil(pids.length / ownSize);
    for (let first = 0; first < pids.length; first += ownSize) {
      if (first > 0) {
        const remainingMs = deadlineMs - clock.nowMs();
        if (remainingMs <= 0) return;
        await this.self.receive(() => false, { timeoutMs: Math.min(batchInterval, remainingMs) });
      }
      const batch = pids.slice(first, first + ownSize);
      this.#tell(path, { count: batch.length, total: pids.length, index: 1 + first / ownSize, rounds });
      await this.#drain(batch, jitter, deadlineMs);
    }
  }

  #tell(socket: string, round: SocketDrainRound): void {
    const { name } = this.#endpoint.options;
    if (socketDrain.enabled) socketDrain.execute(round, { endpoint: name, socket });
    const { logger } = this.self.runtime;
    logger.info(
      { socket, ...round },
      `Sending away ${round.count} of ${round.total} clients of ${name}${socket}`,
    );
  }

  async #drain(transports: readonly Pid[], jitter: number, deadlineMs: number): Promise<void> {
    const { self } = this;
    const { random } = self.runtime;
    const open = new Set<Ref>();
    for (const pid of transports) {
      open.add(self.monitor(pid));
      if (jitter === 0) self.send(pid, new SocketDrain());
      else self.sendAfter(random.next() * jitter, pid, new SocketDrain());
    }
    const isDown = (message: unknown): message is DownMessage =>
      message instanceof DownMessage && open.has(message.ref);
    while (open.size > 0) {
      const timeoutMs = Math.max(0, deadlineMs - self.runtime.clock.nowMs());
      const down = await self.receive(isDown, { timeoutMs });
      if (down === TIMEOUT) return;
      open.delete((down as DownMessage).ref);
    }
  }

  async #transports(path: string): Promise<Pid[]> {
    const supervisor = transportsSupervisor(socketName(this.#endpoint.options, path));
    try {
      const children = await DynamicSupervisor.whichChildren(this.self, supervisor);
      return children.flatMap(({ pid }) => (pid === undefined || pid === "restarting" ? [] : pid));
    } catch (error) {
      // Killed, and nobody starts it again any more: its children died with it.
      if (error instanceof ExitError) return [];
      throw error;
    }
  }
}
