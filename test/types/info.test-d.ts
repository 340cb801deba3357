import { DownMessage, GenServer, GenStatem, initialState, type InitialState } from "rookery";
import { type NoReply, noReply, type Ok, ok, Runtime } from "rookery";

class Ticker extends GenServer<number, never, never, "tick" | DownMessage> {
  init(): Ok<number> {
    return ok(0);
  }
  override handleInfo(message: "tick" | DownMessage): NoReply {
    if (!(message instanceof DownMessage)) void (message satisfies "tick");
    return noReply();
  }
}

class Deaf extends GenServer<number> {
  init(): Ok<number> {
    return ok(0);
  }
}

class Mistaken extends GenServer<number, never, never, "tick"> {
  init(): Ok<number> {
    return ok(0);
  }
  // @ts-expect-error -- this is no message of such a server
  override handleInfo(_message: "tock"): NoReply {
    return noReply();
  }
}

const runtime = await Runtime.start();
const ticker = await runtime.start(Ticker, undefined);
runtime.send(ticker, "tick");
runtime.sendInterval(10, ticker, "tick");
// A server that says nothing of its messages may be sent any.
runtime.send(await runtime.start(Deaf, undefined), "whatever");
// @ts-expect-error -- not a message of this server
runtime.send(ticker, "tock");
// @ts-expect-error -- nor when the time has come
runtime.sendAfter(10, ticker, "tock");

class Lift extends GenStatem<"idle", number, never, never, "arrived"> {
  init(): InitialState<"idle", number> {
    return initialState("idle", 0);
  }
}
const lift = await runtime.start(Lift, undefined);
runtime.send(lift, "arrived");
// @ts-expect-error -- not a message of this machine
runtime.send(lift, "tick");

runtime.spawn((self) => {
  self.send(ticker, "tick");
  self.send(self.pid, "whatever");
  // @ts-expect-error -- not a message of this server
  self.send(ticker, "tock");
  // @ts-expect-error -- nor again and again
  self.sendInterval(10, ticker, "tock");
});

void Mistaken;
