import { GenServer, type InitResult, ok, stop } from "../../../runtime/index.ts";
import { onProcessExit } from "../../../runtime/internal.ts";
import { ConnectionPool, type PoolOptions } from "./connection-pool.ts";

export interface PoolOwnerOptions extends Omit<PoolOptions, "clock"> {
  /** Brings the database to where it has to be, if that is not done; `begun` as in the pool's options. */
  readonly migrate: (begun: Parameters<PoolOptions["open"]>[0]) => Promise<void>;
  /** Told of the pool as soon as there is one, and of undefined once it is closed. */
  readonly attach: (pool: ConnectionPool | undefined) => void;
}

/** For observers. */
export interface PoolOwnerState {
  readonly name: string;
}

/** The process to which the connections belong. It only opens and closes: queries run in whoever asks. */
export class PoolOwner extends GenServer<PoolOwnerState> {
  async init({ migrate, attach, ...options }: PoolOwnerOptions): Promise<InitResult<PoolOwnerState>> {
    const { pid, runtime } = this.self;
    const pool = new ConnectionPool({ ...options, clock: runtime.clock });
    onProcessExit(pid, () => {
      attach(undefined);
      pool.close();
    });
    try {
      await migrate((connection) => onProcessExit(pid, () => connection.close()));
    } catch (error) {
      return stop(error);
    }
    if (runtime.isAlive(pid)) attach(pool);
    return ok({ name: options.name });
  }
}
