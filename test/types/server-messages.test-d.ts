// Compiled by `npm run typecheck`: every line below an @ts-expect-error must be an error, every other line must not.
import { GenServer, noReply, ok, reply, type NoReply, type Ok, type Reply, Runtime } from "rookery";

type Request = "value" | { add: number };

class Counter extends GenServer<{ count: number }, Request, "reset"> {
  init(start: number): Ok<{ count: number }> {
    return ok({ count: start });
  }

  override handleCall(request: Request): Reply<number> {
    if (request !== "value") this.state.count += request.add;
    return reply(this.state.count);
  }

  override handleCast(_request: "reset"): NoReply {
    this.state = { count: 0 };
    // @ts-expect-error -- the state keeps its type
    this.state = { count: "none" };
    return noReply();
  }
}

const runtime = await Runtime.start();
const counter = await runtime.start(Counter, 10);

const value: number = await runtime.call(counter, "value");
await runtime.call(counter, { add: value }, 1_000);
runtime.cast(counter, "reset");

// By name nobody knows the class, so the answer is unknown and anything may be asked.
const byName: unknown = await runtime.call("counter", "whatever");
void byName;

// @ts-expect-error -- init takes a number
await runtime.start(Counter, "ten");
// @ts-expect-error -- not a request of this server
await runtime.call(counter, { subtract: 1 });
// @ts-expect-error -- not a cast of this server
runtime.cast(counter, "value");
// @ts-expect-error -- the answer is a number
const text: string = await runtime.call(counter, "value");
void text;

runtime.spawn(async (self) => {
  const own: number = await self.call(counter, { add: 1 });
  void own;
  self.cast(counter, "reset");
  // @ts-expect-error -- not a request of this server
  await self.call(counter, "reset");
  // @ts-expect-error -- not a cast of this server
  self.cast(counter, { add: 1 });
  const request = self.sendRequest(counter, { add: 1 });
  const response = await self.receiveResponse(request);
  if (response.ok) void (response.reply satisfies number);
  // @ts-expect-error -- with a timeout, there may be no response
  void (await self.waitResponse(request, 10)).ok;
  // @ts-expect-error -- not a request of this server
  self.sendRequest(counter, "reset");
  const watched = await self.startMonitor(Counter, 1);
  const answer: number = await self.call(watched.pid, "value");
  void answer;
  const linked = await self.startLink(Counter, 1);
  // @ts-expect-error -- not a request of this server
  await self.call(linked, 5);
});
