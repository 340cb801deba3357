import { once } from "node:events";
import { type Channel, Socket } from "phoenix";

/** What a view has asked for, and got. */
export interface Watched {
  readonly answers: number;
  readonly largestBytes: number;
}

// watcher.ts HOST PORT TOKEN: says that it has joined; then, told the name of a view and for how long, asks as that view of the page does.
const [host = "", port = "", token = ""] = process.argv.slice(2);

interface View {
  readonly everyMs: number;
  ask(channel: Channel): Promise<unknown>;
}

const rows = { kind: "socket", sort: "reductions", search: "", limit: 100 };

/** As in `api/dashboard/web/views`. */
const views: Readonly<Record<string, View>> = {
  overview: { everyMs: 1_000, ask: (channel) => asked(channel, "overview") },
  tree: { everyMs: 1_000, ask: openTree },
  processes: {
    everyMs: 2_000,
    ask: (channel) => asked(channel, "processes", { sort: "memory", limit: 100 }),
  },
  search: { everyMs: 2_000, ask: (channel) => asked(channel, "processes", { search: "idle", limit: 100 }) },
  process: {
    everyMs: 1_000,
    async ask(channel) {
      pid ??= (await asked<{ rows: { pid: string }[] }>(channel, "processes")).rows[0]!.pid;
      return asked(channel, "process", { pid });
    },
  },
  sockets: { everyMs: 1_000, ask: (channel) => asked(channel, "processes", rows) },
  topics: { everyMs: 2_000, ask: (channel) => asked(channel, "topics") },
  stores: { everyMs: 2_000, ask: (channel) => asked(channel, "stores") },
  crashes: { everyMs: 2_000, ask: (channel) => asked(channel, "crashes") },
  telemetry: { everyMs: 1_000, ask: (channel) => asked(channel, "telemetry") },
};

let pid: string | undefined;
let answers = 0;
let largestBytes = 0;

function asked<Answer>(channel: Channel, event: string, payload: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    channel
      .push(event, payload)
      .receive("ok", (answer) => {
        answers += 1;
        resolve(answer as Answer);
      })
      .receive("error", (error) => reject(new Error(`${event}: ${JSON.stringify(error)}`)))
      .receive("timeout", () => reject(new Error(`${event}: no answer`)));
  });
}

interface Tree {
  readonly roots: readonly { readonly pid: string }[];
  readonly branches: readonly {
    readonly children: readonly { readonly pid: string; readonly type: string }[];
  }[];
}

let open: readonly string[] = [];

/** With all supervisors open, which takes a few questions to find them. */
async function openTree(channel: Channel): Promise<void> {
  const { roots, branches } = await asked<Tree>(channel, "tree", { open });
  const below = branches.flatMap(({ children }) => children.filter(({ type }) => type === "supervisor"));
  open = [...new Set([...roots, ...below].map((node) => node.pid))].slice(0, 60);
}

const response = await fetch(`http://${host}:${port}/dashboard/session`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ token }),
});
const { session } = (await response.json()) as { session: string };
class MeasuredSocket extends WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    this.addEventListener("message", ({ data }) => {
      largestBytes = Math.max(largestBytes, Buffer.byteLength(data as string));
    });
  }
}

const socket = new Socket(`ws://${host}:${port}/dashboard/socket`, {
  authToken: session,
  transport: MeasuredSocket,
});
socket.connect();
const channel = socket.channel("dashboard", {});
await new Promise((resolve, reject) => channel.join().receive("ok", resolve).receive("error", reject));
process.send!("joined");

for (;;) {
  const [message] = (await once(process, "message")) as [string];
  const [name = "", forMs = ""] = message.split(" ");
  const { everyMs, ask } = views[name]!;
  [answers, largestBytes] = [0, 0];
  for (const endMs = performance.now() + Number(forMs); performance.now() < endMs;) {
    await ask(channel);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  process.send!({ answers, largestBytes } satisfies Watched);
}
