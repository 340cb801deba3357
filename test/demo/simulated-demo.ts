import type { Repo } from "rookery/api";
import { Factory, openSandbox, type Sandbox } from "rookery/api/testing";
import type { Socket, SocketDefinition } from "rookery/channels";
import { type ChannelTest, channelTest, SeededRandom } from "rookery/testing";
import { Accounts } from "../../demo/accounts/accounts.ts";
import { Chat } from "../../demo/chat/chat.ts";
import { type Database, databaseAt } from "../../demo/database.ts";
import { names } from "../../demo/demo-tree.ts";
import { Orders } from "../../demo/orders/orders.ts";
import { RoomPresence } from "../../demo/sockets/room-presence.ts";
import { users } from "./demo-case.ts";
import { SECRET } from "./running-demo.ts";
import { userSocket } from "../../demo/sockets/user-socket.ts";

/** Somebody with a socket. */
export interface Visitor {
  readonly id: number;
  readonly name: string;
  readonly socket: Socket;
}

/** The demo's contexts and channels on simulated time, without HTTP, with a database of their own. */
export class SimulatedDemo implements AsyncDisposable {
  readonly it: ChannelTest;
  readonly accounts: Accounts;
  readonly orders: Orders;
  readonly handler: SocketDefinition;
  readonly databasePath: string;
  readonly #sandbox: Sandbox<Repo<Database>>;
  readonly #factory: Factory;

  private constructor(it: ChannelTest, accounts: Accounts, sandbox: Sandbox<Repo<Database>>) {
    const { runtime } = it;
    const { repo, database } = sandbox;
    const chat = new Chat({ repo, clock: runtime.clock });
    this.it = it;
    this.accounts = accounts;
    this.orders = new Orders({ repo, runtime, pubsub: names.pubsub });
    this.handler = userSocket({ accounts, chat, orders: this.orders, presence: names.presence });
    this.#sandbox = sandbox;
    this.#factory = new Factory(repo, new SeededRandom(1));
    this.databasePath = database;
  }

  static async start(): Promise<SimulatedDemo> {
    const sandbox = await openSandbox(databaseAt);
    const { repo } = sandbox;
    let accounts: Accounts | undefined;
    const it = await channelTest({
      pubsub: names.pubsub,
      children: ({ clock }) => {
        accounts = new Accounts({ repo, clock, secretKeyBase: SECRET });
        const presence = { pubsub: names.pubsub, accounts };
        return [repo.childSpec(), { id: "presence", name: names.presence, start: [RoomPresence, presence] }];
      },
    });
    return new SimulatedDemo(it, accounts!, sandbox);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.it[Symbol.asyncDispose]();
    } finally {
      await this.#sandbox[Symbol.asyncDispose]();
    }
  }

  /** Somebody who is a user, without a password, and connected with the token of a session. */
  async visitor(name: string): Promise<Visitor> {
    const { id } = await this.it.run(this.#factory.insert(users, { name }));
    return { id, name, socket: await this.connect(id) };
  }

  /** One more socket of a user. */
  async connect(userId: number): Promise<Socket> {
    const user = await this.it.run(this.accounts.user(userId));
    return this.it.connectOrThrow(this.handler, { token: this.accounts.tokenFor(user!) });
  }
}
