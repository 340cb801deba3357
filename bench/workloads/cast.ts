import { GenServer, noReply, ok, reply, type NoReply, type Ok, type Pid, type Reply } from "rookery";
import { rate } from "./rate.ts";
import type { Workload } from "./workload.ts";

const CASTS = 10_000_000;
/** The BEAM takes the processor from a sender after some hundred casts; here it gives it up by itself. */
const CASTS_PER_TURN = 200;

class Counter extends GenServer<number, "count", "increment"> {
  init(count: number): Ok<number> {
    return ok(count);
  }

  override handleCast(): NoReply {
    this.state += 1;
    return noReply();
  }

  override handleCall(): Reply<number> {
    return reply(this.state);
  }
}

class Sender extends GenServer<{ left: number }, never, never, "go on"> {
  #counter!: Pid<Counter>;

  init(counter: Pid<Counter>): Ok<{ left: number }> {
    this.#counter = counter;
    this.self.send(this.self.pid, "go on");
    return ok({ left: CASTS });
  }

  override handleInfo(): NoReply {
    for (let sent = 0; sent < CASTS_PER_TURN; sent += 1) this.self.cast(this.#counter, "increment");
    this.state.left -= CASTS_PER_TURN;
    if (this.state.left > 0) this.self.send(this.self.pid, "go on");
    return noReply();
  }
}

/** Casts handled a second, from one sender to one server. */
export const run: Workload = async (runtime) => {
  const counter = await runtime.start(Counter, 0);
  const handled = await rate(CASTS, async () => {
    await runtime.start(Sender, counter);
    while ((await runtime.call(counter, "count", Number.POSITIVE_INFINITY)) < CASTS);
  });
  await runtime.stop(counter);
  return handled;
};
