import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket } from "phoenix";
import { type Logger, type Pid, Runtime, silentLogger, Supervisor } from "rookery";
import { endpointUrl } from "rookery/api";
import { demoTree, names } from "../../demo/demo-tree.ts";
import { connected } from "../support/phoenix-client.ts";

export const SECRET = "a secret for tests, and for nothing else";

/** Somebody who has signed up and in. */
export interface SignedIn {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly token: string;
}

/** An answer of the server, read. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

export interface RequestOptions {
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The demo with a database of its own, in this process, asked over real HTTP and real sockets. */
export class RunningDemo implements AsyncDisposable {
  readonly url: string;
  readonly databasePath: string;
  readonly runtime: Runtime;
  readonly #root: Pid;
  readonly #folder: string;
  readonly #sockets: Socket[] = [];
  #users = 0;

  private constructor(runtime: Runtime, root: Pid, url: string, folder: string) {
    this.runtime = runtime;
    this.#root = root;
    this.url = url;
    this.#folder = folder;
    this.databasePath = databaseIn(folder);
  }

  static async start(shards: number = 1, logger: Logger = silentLogger): Promise<RunningDemo> {
    const folder = mkdtempSync(join(tmpdir(), "rookery-demo-"));
    const runtime = await Runtime.start({ logger, shards });
    const settings = {
      host: "127.0.0.1",
      port: 0,
      databasePath: databaseIn(folder),
      secretKeyBase: SECRET,
      checkOrigin: true,
    };
    const children = [demoTree(settings)];
    const root = await runtime.start(Supervisor, { strategy: "one_for_one", children });
    const url = await endpointUrl(runtime, names.endpoint);
    return new RunningDemo(runtime, root, url, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.disconnect();
    await this.runtime.stop(this.#root, "shutdown");
    await this.runtime.shutdown();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answered> {
    const { token, body } = options;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      json: text === "" ? undefined : JSON.parse(text),
    };
  }

  get(path: string, token?: string): Promise<Answered> {
    return this.request("GET", path, { token });
  }

  post(path: string, body?: unknown, token?: string): Promise<Answered> {
    return this.request("POST", path, { token, body });
  }

  /** The `data` of an answer that has to have this status. */
  async data<Data>(answered: Promise<Answered>, status: number = 200): Promise<Data> {
    const { status: actual, json } = await answered;
    if (actual !== status) throw new Error(`expected ${status}, got ${actual}: ${JSON.stringify(json)}`);
    return (json as { data: Data }).data;
  }

  async signUp(name: string = "Ada"): Promise<SignedIn> {
    this.#users += 1;
    const user = { name, email: `user${this.#users}@example.com`, password: "correct horse" };
    const { id } = await this.data<{ id: number }>(this.post("/api/v1/users", { user }), 201);
    const credentials = { email: user.email, password: user.password };
    const { token } = await this.data<{ token: string }>(this.post("/api/v1/sessions", credentials), 201);
    return { id, name, email: user.email, token };
  }

  /** A connected socket of the official client; it is closed with the demo. */
  async socket(params: object): Promise<Socket> {
    const socket = await connected(`${this.url.replace("http", "ws")}/socket`, params);
    this.#sockets.push(socket);
    return socket;
  }
}

function databaseIn(folder: string): string {
  return join(folder, "below", "demo.db");
}
