import type { Runtime, Supervisor } from "rookery";
import { ModuleSupervisor } from "rookery";
import type { Repo } from "rookery/api";
import { PubSub, type SocketDefinition } from "rookery/channels";
import { socketSupervisor } from "../../channels/internal.ts";
import { Accounts } from "../../demo/accounts/accounts.ts";
import { Chat } from "../../demo/chat/chat.ts";
import { type Database, databaseAt } from "../../demo/database.ts";
import { names } from "../../demo/demo-tree.ts";
import { Orders, type OrdersOptions } from "../../demo/orders/orders.ts";
import { RoomPresence } from "../../demo/sockets/room-presence.ts";
import { userSocket } from "../../demo/sockets/user-socket.ts";

/** As in the demo's own tree. */
const RESTARTS_MAX = 50;
/** The mount of the socket, as the endpoint calls it. */
export const MOUNT: string = `${names.endpoint}/socket`;

export interface SoakSettings {
  readonly databasePath: string;
  readonly secretKeyBase: string;
}

/** What those who have no network ask, in the place of an endpoint. */
export interface SoakParts {
  readonly accounts: Accounts;
  readonly orders: Orders;
  readonly socket: SocketDefinition;
}

const parts = new WeakMap<Runtime, SoakParts>();

/** What is asked on the shard of `runtime`; undefined before it has started. */
export function partsOn(runtime: Runtime): SoakParts | undefined {
  return parts.get(runtime);
}

export const WRITER = "demo.repo.writer";
/** The processes whose connections to the database end with the thread of a real shard. */
export const DATABASE_PROCESSES: readonly string[] = [WRITER, "demo.repo.reader"];

/** The demo on one shard as its own tree has it, but for the endpoint, which real time and a network belong to. */
export class SoakShard extends ModuleSupervisor<SoakSettings> {
  static override readonly module: string = import.meta.url;

  /** Which class knows who is in which room. */
  protected readonly presence: typeof RoomPresence = RoomPresence;

  protected orders(options: OrdersOptions): Orders {
    return new Orders(options);
  }

  protected repo(path: string): Repo<Database> {
    return databaseAt(path);
  }

  override init({ databasePath, secretKeyBase }: SoakSettings): ReturnType<Supervisor["init"]> {
    const { runtime } = this.self;
    const repo = this.repo(databasePath);
    const accounts = new Accounts({ repo, clock: runtime.clock, secretKeyBase });
    const chat = new Chat({ repo, clock: runtime.clock });
    const orders = this.orders({ repo, runtime, pubsub: names.pubsub });
    const socket = userSocket({ accounts, chat, orders, presence: names.presence });
    parts.set(runtime, { accounts, orders, socket });
    return super.init({
      strategy: "one_for_one",
      intensity: RESTARTS_MAX,
      children: [
        repo.childSpec({ intensity: RESTARTS_MAX }),
        { id: "pubsub", name: names.pubsub, nameScope: "shard", start: [PubSub, {}] },
        {
          id: "presence",
          name: names.presence,
          nameScope: "shard",
          start: [this.presence, { pubsub: names.pubsub, accounts }],
        },
        socketSupervisor(MOUNT),
      ],
    });
  }
}
