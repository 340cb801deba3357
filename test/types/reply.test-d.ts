import { type From, GenServer, type NoReply, noReply, type Ok, ok, type Reply, reply } from "rookery";
import { Runtime, type Stop, stop } from "rookery";

class Counter extends GenServer<number, "value"> {
  init(): Ok<number> {
    return ok(0);
  }
  override handleCall(_request: "value"): Reply<number> {
    // @ts-expect-error -- it has promised a number
    if (this.state === 0) return reply("none");
    return reply(this.state);
  }
}

class Queue extends GenServer<From<string>[], "next"> {
  init(): Ok<From<string>[]> {
    return ok([]);
  }
  override handleCall(_request: "next", from: From<string>): NoReply | Stop<string> {
    if (this.state.length > 9) return stop("full", "sorry");
    // @ts-expect-error -- who waits wants a string
    if (this.state.length > 8) return stop("full", 503);
    this.state.push(from);
    return noReply();
  }
  override handleCast(item: string): NoReply {
    const from = this.state.shift();
    if (from === undefined) return noReply();
    // @ts-expect-error -- who waits wants a string
    this.self.reply(from, item.length);
    this.self.reply(from, item);
    return noReply();
  }
}

class Sink extends GenServer<number> {
  init(): Ok<number> {
    return ok(0);
  }
  // @ts-expect-error -- nobody waits for an answer to a cast
  override handleCast(): Reply<number> {
    return reply(1);
  }
  // @ts-expect-error -- only init makes a state of what it returns
  override handleInfo(): Ok<number> {
    return ok(1);
  }
}

type Answers = ["balance", number] | [{ deposit: number }, "ok"];

class Account extends GenServer<number, Answers[0]> {
  declare readonly answers: Answers;
  init(): Ok<number> {
    return ok(0);
  }
  override handleCall(request: Answers[0]): Reply<Answers[1]> {
    return reply(request === "balance" ? this.state : "ok");
  }
}

const runtime = await Runtime.start();
const account = await runtime.start(Account, undefined);
const balance: number = await runtime.call(account, "balance");
const done: "ok" = await runtime.call(account, { deposit: 5 });
declare const either: Answers[0];
const answer: number | "ok" = await runtime.call(account, either);
// @ts-expect-error -- this is what the other request is answered with
const mixedUp: number = await runtime.call(account, { deposit: 5 });
// @ts-expect-error -- not a request of this server
await runtime.call(account, "interest");
// @ts-expect-error -- a key that no request has
await runtime.call(account, { deposit: 5, interest: 1 });
runtime.spawn(async (self) => {
  void ((await self.call(account, "balance")) satisfies number);
  const response = await self.receiveResponse(self.sendRequest(account, "balance"));
  if (response.ok) void (response.reply satisfies number);
  // @ts-expect-error -- this is what the other request is answered with
  if (response.ok) void (response.reply satisfies "ok");
});

const queue = await runtime.start(Queue, undefined);
const item: string = await runtime.call(queue, "next");
// @ts-expect-error -- what is answered later has a type, too
const wrong: number = await runtime.call(queue, "next");
declare const anyone: From;
runtime.reply(anyone, "whatever");
// @ts-expect-error -- a pid is nobody who waits
runtime.reply(queue, "whatever");

void [Counter, Sink, item, wrong, balance, done, answer, mixedUp];
