import fastify from "fastify";
import { type CastResult, GenServer, noReply, ok, type Ok, Runtime } from "rookery";

/** What else this thread has to do: FLOOD is `none`, `queue` (a process with a million messages waiting) or `self` (one that never stops sending to itself). */
const flood = process.env["FLOOD"]!;
const QUEUED = 1_000_000;

class Flooded extends GenServer<{ handled: number }, never, "again" | "once"> {
  init(): Ok<{ handled: number }> {
    return ok({ handled: 0 });
  }

  override handleCast(request: "again" | "once"): CastResult {
    this.state.handled += 1;
    if (request === "again") this.self.cast(this.self.pid, "again");
    // As many come as go: the mailbox stays as long as it is.
    else if (this.state.handled % 1_000 === 0)
      for (let more = 0; more < 1_000; more += 1) this.self.cast(this.self.pid, "once");
    return noReply();
  }
}

const runtime = await Runtime.start();
if (flood !== "none") {
  const pid = await runtime.start(Flooded, undefined);
  for (let left = flood === "queue" ? QUEUED : 1; left > 0; left -= 1)
    runtime.cast(pid, flood === "queue" ? "once" : "again");
}
const server = fastify();
server.get("/healthz", () => ({ status: "ok" }));
await server.listen({ host: process.env["HOST"]!, port: Number(process.env["PORT"]) });
console.log(`Flooded (${flood}) on port :${process.env["PORT"]}`);
