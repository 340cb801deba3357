import { type Channel, Presence, Socket } from "phoenix";
import { PRODUCT_ID } from "./audit.ts";
import type { Ledger } from "./ledger.ts";

const TIMEOUT_MS = 3_000;
const RETRY_MS = 100;
const ROOMS = 3;

interface Answered {
  readonly status: number;
  readonly data: unknown;
}

/** A user with a browser of their own: the official client, and requests over HTTP. */
export class LiveClient {
  readonly userId: number;
  readonly room: Channel;
  readonly orders: Channel;
  readonly #url: string;
  readonly #token: string;
  readonly #ledger: Ledger;
  readonly #socket: Socket;
  #presence: Presence;

  private constructor(url: string, token: string, userId: number, ledger: Ledger) {
    this.#url = url;
    this.#token = token;
    this.userId = userId;
    this.#ledger = ledger;
    this.#socket = new Socket(`${url.replace("http", "ws")}/socket`, {
      params: { token },
      transport: WebSocket,
      reconnectAfterMs: () => RETRY_MS,
      rejoinAfterMs: () => RETRY_MS,
    });
    this.#socket.connect();
    this.room = this.#socket.channel(`room:${(userId % ROOMS) + 1}`);
    this.orders = this.#socket.channel(`orders:${userId}`);
    this.#presence = new Presence(this.room);
    this.room.join(TIMEOUT_MS);
    this.orders.join(TIMEOUT_MS);
  }

  /** Signs up and in. */
  static async signUp(url: string, number: number, ledger: Ledger): Promise<LiveClient> {
    const user = { name: `User ${number}`, email: `user${number}@example.com`, password: "correct horse" };
    const { email, password } = user;
    await post(url, "/api/v1/users", { user });
    const { data } = await post(url, "/api/v1/sessions", { email, password });
    const session = data as { readonly token: string; readonly user: { readonly id: number } };
    return new LiveClient(url, session.token, session.user.id, ledger);
  }

  get isJoined(): boolean {
    return this.room.state === "joined" && this.orders.state === "joined";
  }

  /** Looks anew who is in the room, as of the next join: the official Presence applies the diffs of a join that ended early to the next one. */
  lookAnew(): void {
    this.#presence = new Presence(this.room);
  }

  /** The users in the room, as far as this one knows. */
  get present(): string[] {
    return this.#presence.list((key, { metas }) => `${key}: ${metas.length}`).toSorted();
  }

  /** Says something; true when it was acknowledged, false when nobody has answered in time. */
  say(): Promise<boolean> {
    const message = this.#ledger.say(`user ${this.userId}`);
    return new Promise((resolve) => {
      this.room
        .push("message:new", { body: message.body }, TIMEOUT_MS)
        .receive("ok", (response) => {
          message.id = (response as { readonly id: number }).id;
          resolve(true);
        })
        .receive("error", () => resolve(false))
        .receive("timeout", () => resolve(false));
    });
  }

  /** Orders something and cancels what it has, for the stock is not endless. */
  async order(): Promise<boolean> {
    const order = this.#ledger.order(this.userId);
    const items = [{ product_id: PRODUCT_ID, quantity: order.quantity }];
    const placed = await this.#post("/api/v1/orders", { order: { items } });
    if (placed?.status !== 201) return false;
    order.id = (placed.data as { readonly id: number }).id;
    order.cancel = "asked";
    const cancelled = await this.#post(`/api/v1/orders/${order.id}/cancel`, {});
    if (cancelled?.status === 200) order.cancel = "acknowledged";
    return true;
  }

  close(): void {
    this.#socket.disconnect();
  }

  /** Undefined if the listener was gone, or the connection was cut. */
  #post(path: string, body: object): Promise<Answered | undefined> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return post(this.#url, path, body, { token: this.#token, signal }).catch(() => undefined);
  }
}

interface PostOptions {
  readonly token?: string;
  /** Without one it may take as long as it takes: many who sign up at once keep a small machine busy. */
  readonly signal?: AbortSignal;
}

async function post(
  url: string,
  path: string,
  body: object,
  { token, signal }: PostOptions = {},
): Promise<Answered> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
  const { data } = (await response.json()) as { readonly data?: unknown };
  return { status: response.status, data };
}
