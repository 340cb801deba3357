import { Agent, GenServer, type Ok, ok, Runtime } from "rookery";

class Deaf extends GenServer<number> {
  init(): Ok<number> {
    return ok(0);
  }
}

const runtime = await Runtime.start();
const agent = await Agent.start(runtime, () => ({ count: 1 }));
const later = await Agent.start(runtime, async () => "hello");

const count: number = await Agent.get(runtime, agent, (state) => state.count);
const length: number = await Agent.get(runtime, later, async (state) => state.length);
await Agent.update(runtime, agent, (state) => ({ count: state.count + 1 }));
const old: string = await Agent.getAndUpdate(runtime, agent, (state) => [String(state.count), { count: 0 }]);
Agent.cast(runtime, agent, () => ({ count: 0 }));

// @ts-expect-error -- there is no such thing in the state
await Agent.get(runtime, agent, (state) => state.total);
// @ts-expect-error -- it is a number
const text: string = await Agent.get(runtime, agent, (state) => state.count);
// @ts-expect-error -- not a state of this agent
await Agent.update(runtime, agent, () => ({ count: "none" }));
// @ts-expect-error -- a pair of what is answered and of the new state
await Agent.getAndUpdate(runtime, agent, (state) => state);
// @ts-expect-error -- not a state of this agent
Agent.cast(runtime, later, () => 5);
// @ts-expect-error -- this server is no agent
await Agent.get(runtime, await runtime.start(Deaf, undefined), () => 1);

void [count, length, old, text];
