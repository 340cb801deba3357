import {
  broadcast,
  Channel,
  type HandleInReturn,
  type JoinReturn,
  noReply,
  ok,
  reply,
  type Socket,
} from "rookery/channels";

/** Little enough that a measurement of it is one of the framework. */
export class BenchChannel extends Channel {
  override join(_topic: string, _payload: unknown, socket: Socket): JoinReturn {
    return ok(socket);
  }

  readonly handleIn = {
    echo: (payload: unknown, socket: Socket): HandleInReturn => reply("ok", payload, socket),
    shout: (payload: unknown, socket: Socket): HandleInReturn => {
      broadcast(socket, "shout", payload as object);
      return noReply(socket);
    },
  };
}
