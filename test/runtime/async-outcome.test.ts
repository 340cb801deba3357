import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CastResult,
  GenServer,
  GenStatem,
  initialState,
  keepState,
  noReply,
  ok,
  type Ok,
  type Pid,
  type Runtime,
  type Self,
  silentLogger,
  type StatemInit,
  type StatemResult,
} from "../../runtime/index.ts";
import { simulate } from "../../runtime/testing.ts";

type Moment = "init" | "event" | "terminate";

const end = (self: Self, moment: Moment, at: Moment): void => {
  if (moment === at) self.exit(self.pid, "kill");
};

/** Sends itself an exit signal at that moment, in an asynchronous callback that has not waited for anything yet. */
class Server extends GenServer<Moment> {
  async init(at: Moment): Promise<Ok<Moment>> {
    end(this.self, "init", at);
    return ok(at);
  }
  override async handleInfo(): Promise<CastResult> {
    end(this.self, "event", this.state);
    return noReply();
  }
  override async terminate(): Promise<void> {
    end(this.self, "terminate", this.state);
  }
}

class Statem extends GenStatem<"on", Moment> {
  async init(at: Moment): Promise<StatemInit<"on", Moment>> {
    end(this.self, "init", at);
    return initialState("on", at);
  }
  override async handleEvent(): Promise<StatemResult<"on">> {
    end(this.self, "event", this.data);
    return keepState();
  }
  override async terminate(): Promise<void> {
    end(this.self, "terminate", this.data);
  }
}

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(() => void process.off("unhandledRejection", note));

describe.each([
  ["GenServer", (runtime: Runtime, at: Moment): Promise<Pid> => runtime.start(Server, at)],
  ["GenStatem", (runtime: Runtime, at: Moment): Promise<Pid> => runtime.start(Statem, at)],
])("an asynchronous callback of a %s", (_kind, start) => {
  test.each<Moment>(["init", "event", "terminate"])(
    "may end its own process, and nothing else, in: %s",
    async (at) => {
      await using simulation = await simulate({ seed: 1, logger: silentLogger });
      const { runtime } = simulation;
      const started = simulation.run(() => start(runtime, at));
      if (at === "init") {
        await expect(started).rejects.toThrow("killed");
      } else {
        const pid = await started;
        if (at === "event") runtime.send(pid, "anything" as never);
        else runtime.stop(pid).catch(() => {});
        await simulation.settle();
        expect(runtime.isAlive(pid)).toBe(false);
      }
      await simulation.settle();
      expect(unhandled.splice(0)).toEqual([]);
    },
  );
});
