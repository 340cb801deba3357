import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** `rookery_<owner>_<number>`: the databases of one Node.js process on one server. */
const OWNED = /^(rookery_[0-9a-f]{16})_\d+$/;

/** Its types leave these out. */
type HostClient = Client & { ref(): void; unref(): void };

const hosts = new Map<string, Promise<PostgresHost>>();

/** The server on which the database of `url` is. */
export function postgresHost(url: string): Promise<PostgresHost> {
  const host = hosts.get(url) ?? PostgresHost.connect(url, () => hosts.delete(url));
  hosts.set(url, host);
  return host;
}

/**
 * Makes and drops databases of tests over one connection, which is open for as long as this process lives, and tells others that it
 * does: what a process has left behind that was killed, the next one drops.
 */
export class PostgresHost {
  readonly #client: HostClient;
  readonly #url: string;
  readonly #owner: string;
  #made = 0;

  private constructor(client: HostClient, url: string, owner: string) {
    this.#client = client;
    this.#url = url;
    this.#owner = owner;
  }

  static async connect(url: string, lost: () => void): Promise<PostgresHost> {
    const owner = `rookery_${randomBytes(8).toString("hex")}`;
    const named = new URL(url);
    named.searchParams.set("application_name", owner);
    const client = new Client(named.href) as HostClient;
    client.on("error", lost);
    try {
      await client.connect();
    } catch (error) {
      lost();
      throw error;
    }
    client.unref();
    const host = new PostgresHost(client, url, owner);
    await host.#dropOrphans();
    return host;
  }

  /** The URL of a new database: a copy of the one of the URL `template`, on which nobody may be connected, or an empty one. */
  async create(template?: string): Promise<string> {
    this.#made += 1;
    const name = `${this.#owner}_${this.#made}`;
    const copied = template === undefined ? "" : ` TEMPLATE ${nameIn(template)}`;
    await this.#run(`CREATE DATABASE ${name}${copied}`);
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** Together with the connections to it that are left. */
  async drop(url: string): Promise<void> {
    await this.#run(`DROP DATABASE IF EXISTS ${nameIn(url)} WITH (FORCE)`);
  }

  async #dropOrphans(): Promise<void> {
    const databases = await this.#run("SELECT datname AS name FROM pg_database");
    const connected = await this.#run("SELECT application_name AS name FROM pg_stat_activity");
    const alive = new Set(connected);
    for (const name of databases) {
      const owner = OWNED.exec(name)?.[1];
      if (owner === undefined || alive.has(owner)) continue;
      // Somebody else may be dropping it, too, or it may be nothing of ours.
      await this.#run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(() => {});
    }
  }

  async #run(sql: string): Promise<string[]> {
    // While it waits, the connection keeps Node running; afterwards it does not.
    this.#client.ref();
    try {
      const { rows } = await this.#client.query<{ readonly name: string }>(sql);
      return rows.map(({ name }) => name);
    } finally {
      this.#client.unref();
    }
  }
}

function nameIn(url: string): string {
  return new URL(url).pathname.slice(1);
}
