import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { change, type Repo } from "rookery/api";
import type { Socket, SocketDefinition } from "rookery/channels";
import { type ChannelTest, channelTest } from "rookery/testing";
import { Accounts } from "../../demo/accounts/accounts.ts";
import type { User } from "../../demo/accounts/user.ts";
import { Chat } from "../../demo/chat/chat.ts";
import { type Database, databaseAt } from "../../demo/database.ts";
import { names } from "../../demo/demo-tree.ts";
import { Orders } from "../../demo/orders/orders.ts";
import { RoomPresence } from "../../demo/sockets/room-presence.ts";
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
  readonly #repo: Repo<Database>;
  readonly #folder: string;
  #users = 0;

  private constructor(it: ChannelTest, accounts: Accounts, repo: Repo<Database>, folder: string) {
    const { runtime } = it;
    const chat = new Chat({ repo, clock: runtime.clock });
    this.it = it;
    this.accounts = accounts;
    this.orders = new Orders({ repo, runtime, pubsub: names.pubsub });
    this.handler = userSocket({ accounts, chat, orders: this.orders, presence: names.presence });
    this.#repo = repo;
    this.#folder = folder;
    this.databasePath = databaseIn(folder);
  }

  static async start(): Promise<SimulatedDemo> {
    const folder = mkdtempSync(join(tmpdir(), "rookery-demo-"));
    const repo = databaseAt(databaseIn(folder));
    let accounts: Accounts | undefined;
    const it = await channelTest({
      pubsub: names.pubsub,
      children: ({ clock }) => {
        accounts = new Accounts({ repo, clock, secretKeyBase: SECRET });
        const presence = { pubsub: names.pubsub, accounts };
        return [repo.childSpec(), { id: "presence", name: names.presence, start: [RoomPresence, presence] }];
      },
    });
    return new SimulatedDemo(it, accounts!, repo, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.it[Symbol.asyncDispose]();
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** Somebody who is a user, without a password, and connected with the token of a session. */
  async visitor(name: string): Promise<Visitor> {
    this.#users += 1;
    const email = `user${this.#users}@example.com`;
    const inserted_at = new Date(this.it.runtime.clock.systemTimeMs()).toISOString();
    const user = change<Omit<User, "id">>({}, { name, email, password_hash: "", inserted_at });
    const inserted = await this.it.run(this.#repo.insert("users", user));
    assert.ok(inserted.ok);
    const { id } = inserted.value;
    return { id, name, socket: await this.connect(id) };
  }

  /** One more socket of a user. */
  async connect(userId: number): Promise<Socket> {
    const user = await this.it.run(this.accounts.user(userId));
    return this.it.connectOrThrow(this.handler, { token: this.accounts.tokenFor(user!) });
  }
}

function databaseIn(folder: string): string {
  return join(folder, "demo.db");
}
