import { Agent, child, GenServer, type NoReply, noReply, type Ok, ok } from "rookery";
import type { CallOf, Dest, ReplyOf } from "rookery";
import { type Pid, type Reply, reply, Runtime, Supervisor, DynamicSupervisor, sys } from "rookery";

class Counter extends GenServer<{ count: number }, "value" | { add: number }, "reset"> {
  init(start: number): Ok<{ count: number }> {
    return ok({ count: start });
  }
  override handleCall(request: "value" | { add: number }): Reply<number> {
    return reply(request === "value" ? this.state.count : request.add);
  }
  override handleCast(_request: "reset"): NoReply {
    return noReply();
  }
  override handleInfo(_message: "tick"): NoReply {
    return noReply();
  }
}

class Clock extends GenServer<string, "time"> {
  init(zone: string): Ok<string> {
    return ok(zone);
  }
  override handleCall(_request: "time"): Reply<string> {
    return reply(this.state);
  }
}

// One declaration for the whole program, so these are names that no other file of it uses.
declare module "rookery" {
  interface RegisteredNames {
    "typed.counter": Counter;
    "typed.agent": Agent<string>;
  }
}

declare const someName: string;
const runtime = await Runtime.start();

const value: number = await runtime.call("typed.counter", { add: 5 });
runtime.cast("typed.counter", "reset");
runtime.send("typed.counter", "tick");
runtime.sendAfter(10, "typed.counter", "tick");
const { count } = await sys.getState(runtime, "typed.counter");
void (count satisfies number);
const counter: Pid<Counter> | undefined = runtime.whereis("typed.counter");
const replies = (await runtime.multiCall([runtime.node], "typed.counter", "value")).replies;
void (replies[0]![1] satisfies number);
await runtime.stop("typed.counter");

// @ts-expect-error -- not a request of this server
await runtime.call("typed.counter", { subtract: 1 });
// @ts-expect-error -- its answer is a number
const text: string = await runtime.call("typed.counter", "value");
// @ts-expect-error -- not a cast of this server
runtime.cast("typed.counter", "value");
// @ts-expect-error -- not a message of this server
runtime.send("typed.counter", "tock");
// @ts-expect-error -- nor when the time has come
runtime.sendAfter(10, "typed.counter", "tock");
// @ts-expect-error -- nor again and again
runtime.sendInterval(10, "typed.counter", "tock");
// @ts-expect-error -- not a request of the servers of that name
await runtime.multiCall([runtime.node], "typed.counter", "reset");
// @ts-expect-error -- not a cast of the servers of that name
runtime.abcast([runtime.node], "typed.counter", "value");
// @ts-expect-error -- it is a Counter that has this name
const clock: Pid<Clock> | undefined = runtime.whereis("typed.counter");
// @ts-expect-error -- the state of a Counter is no string
await sys.replaceState(runtime, "typed.counter", () => "none");

// A function over any destination keeps what it was given.
function ask<S>(dest: Dest<S>, request: CallOf<S>): Promise<ReplyOf<S>> {
  return runtime.call(dest, request);
}
if (counter !== undefined) void ((await ask(counter, "value")) satisfies number);

// Of a name that nobody has declared, nothing is known.
const unknown: unknown = await runtime.call("typed.nobody", "whatever");
const anybody: Pid | undefined = runtime.whereis(someName);
runtime.cast(someName, "whatever");
// @ts-expect-error -- so the answer must be looked at first
const number: number = await runtime.call("typed.nobody", "whatever");
// @ts-expect-error -- nor is the pid that of a certain server
const unsure: Pid<Counter> | undefined = runtime.whereis(someName);

await runtime.start(Counter, 1, { name: "typed.counter" });
await runtime.start(Clock, "UTC", { name: someName });
// @ts-expect-error -- the name of another server
await runtime.start(Clock, "UTC", { name: "typed.counter" });
child(Counter, 1, { name: "typed.counter" });
// @ts-expect-error -- the name of another server
child(Clock, "UTC", { name: "typed.counter" });
await Supervisor.startChild(runtime, someName, { id: 1, start: [Counter, 1], name: "typed.counter" });
// @ts-expect-error -- the name of another server
await Supervisor.startChild(runtime, someName, { id: 1, start: [Clock, "UTC"], name: "typed.counter" });
// @ts-expect-error -- the name of another server
await DynamicSupervisor.startChild(runtime, "any", { id: 1, start: [Clock, "UTC"], name: "typed.counter" });

const length: number = await Agent.get(runtime, "typed.agent", (state) => state.length);
await Agent.update(runtime, "typed.agent", (state) => `${state}!`);
await Agent.start(runtime, () => "hello", { name: "typed.agent" });
// @ts-expect-error -- this agent holds a string
await Agent.update(runtime, "typed.agent", () => 1);
// @ts-expect-error -- this server is no agent
await Agent.get(runtime, "typed.counter", () => 1);
// @ts-expect-error -- the name of an agent that holds a string
await Agent.start(runtime, () => 1, { name: "typed.agent" });

runtime.spawn(async (self) => {
  const own: number = await self.call("typed.counter", { add: 1 });
  self.cast("typed.counter", "reset");
  self.monitor("typed.counter");
  const response = await self.receiveResponse(self.sendRequest("typed.counter", "value"));
  if (response.ok) void (response.reply satisfies number);
  await self.startLink(Counter, 1, { name: "typed.counter" });
  // @ts-expect-error -- not a request of this server
  await self.call("typed.counter", "reset");
  // @ts-expect-error -- not a cast of this server
  self.cast("typed.counter", { add: 1 });
  // @ts-expect-error -- not a request of this server
  self.sendRequest("typed.counter", "reset");
  // @ts-expect-error -- the name of another server
  await self.startLink(Clock, "UTC", { name: "typed.counter" });
  // @ts-expect-error -- the name of another server
  await self.startMonitor(Clock, "UTC", { name: "typed.counter" });
  void own;
});

void [value, text, counter, clock, unknown, anybody, number, unsure, length];
