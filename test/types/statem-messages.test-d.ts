// Compiled by `npm run typecheck`: every line below an @ts-expect-error must be an error, every other line must not.
import {
  type From,
  GenStatem,
  initialState,
  type InitialState,
  keepState,
  nextState,
  replyTo,
  Runtime,
  type StatemEvent,
  type StatemResult,
  stateTimeout,
} from "rookery";

type State = "idle" | "busy";
type Request = "position" | { goTo: number };
type Event = StatemEvent<State, Request, "stop", never, number | "stopped">;

class Lift extends GenStatem<
  State,
  { position: number; waiting?: From<number | "stopped"> },
  Request,
  "stop",
  never,
  number | "stopped"
> {
  init(position: number): InitialState<State, { position: number }> {
    return initialState("idle", { position });
  }

  override handleEvent(event: Event): StatemResult<State> {
    if (event.type === "call") {
      this.data.waiting = event.from;
      // @ts-expect-error -- calls are answered with numbers, or that it has stopped
      replyTo(event.from, "arrived");
      // @ts-expect-error -- nor with anything else by other means
      this.self.reply(event.from, { position: 1 });
      if (event.content !== "position") return nextState("busy", stateTimeout(event.content.goTo));
      return keepState(replyTo(event.from, this.data.position));
    }
    // @ts-expect-error -- not a cast of this machine
    if (event.type === "cast" && event.content === "go") return keepState();
    const { waiting } = this.data;
    // @ts-expect-error -- a caller that waits keeps its type
    if (waiting !== undefined) this.self.reply(waiting, "arrived");
    return waiting === undefined ? keepState() : nextState("idle", [replyTo(waiting, "stopped")]);
  }
}

const runtime = await Runtime.start();
const lift = await runtime.start(Lift, 0);

const position: number | "stopped" = await GenStatem.call(runtime, lift, "position");
const same: typeof position = await runtime.call(lift, { goTo: 3 });
void same;
// @ts-expect-error -- the answer may be that it has stopped
const number: number = await runtime.call(lift, "position");
void number;
// @ts-expect-error -- not a request of this machine
await runtime.call(lift, "stop");

runtime.spawn(async (self) => {
  const response = await self.receiveResponse(self.sendRequest(lift, { goTo: 1 }));
  if (response.ok) void (response.reply satisfies typeof position);
});

/** Says nothing about its replies: they are unknown, and every value is one. */
class Untyped extends GenStatem {
  init(_: undefined): InitialState<"s", undefined> {
    return initialState("s", undefined);
  }
  override handleEvent(event: StatemEvent): StatemResult<unknown> {
    return keepState(event.type === "call" ? replyTo(event.from, ["any", "value"]) : []);
  }
}
const unknownReply: unknown = await runtime.call(await runtime.start(Untyped, undefined), "m");
// @ts-expect-error -- nobody has said what it is
const text: string = await runtime.call(await runtime.start(Untyped, undefined), "m");
void [unknownReply, text];
