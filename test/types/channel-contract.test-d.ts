import { Presence as ClientPresence, Socket as ClientSocket } from "phoenix";
import {
  broadcast,
  broadcastFrom,
  Channel,
  type ChannelSocket,
  type ContractChannelClass,
  defineChannel,
  defineContract,
  defineSocket,
  error,
  type HandleInMap,
  type JoinedWith,
  noReply,
  ok,
  Presence,
  push,
  reply,
  type StandardSchema,
} from "rookery/channels";
import { typedChannel, typedPresence } from "rookery/client";
import { z } from "zod";

const roomContract = defineContract({
  join: {
    params: z.object({ name: z.string(), since: z.string().transform(Number) }),
    reply: z.object({ history: z.array(z.string()) }),
    error: z.object({ reason: z.enum(["full", "closed"]) }),
  },
  in: {
    "message:new": {
      payload: z.object({ body: z.string(), at: z.string().transform(Number).optional() }),
      reply: z.object({ id: z.number() }),
      error: z.object({ reason: z.literal("muted") }),
    },
    typing: {},
  },
  out: {
    "message:new": z.object({ id: z.number(), body: z.string() }),
    typing: z.object({ name: z.string() }),
  },
  presence: z.object({ online_at: z.number() }),
});
type RoomContract = typeof roomContract;

interface RoomTypes {
  readonly assigns: { readonly name: string };
  readonly info: "after_join" | "stop";
}

const RoomChannel = defineChannel<RoomContract, RoomTypes>(roomContract, {
  name: "RoomChannel",
  intercept: ["typing"],
  async join(topic, { name, since }, socket) {
    since satisfies number;
    topic satisfies string;
    this.self.send(this.self.pid, "after_join");
    if (name === "") return error({ reason: "full" });
    // @ts-expect-error -- name is a string
    socket.assign({ name: 7 });
    return ok({ history: [] }, socket.assign({ name }));
  },
  handleIn: {
    "message:new"({ body, at }, socket) {
      at satisfies number | undefined;
      void this.self.pid;
      broadcast(socket, "message:new", { id: 1, body });
      broadcast(socket.assign({ name: "Ada" }), "message:new", { id: 1, body });
      // @ts-expect-error -- the id is a number
      broadcast(socket, "message:new", { id: "1", body });
      // @ts-expect-error -- the body is missing
      broadcastFrom(socket, "message:new", { id: 1 });
      // @ts-expect-error -- not an event of the contract
      push(socket, "message:old", { id: 1, body });
      // @ts-expect-error -- nor is it after an assign
      push(socket.assign({ name: "Ada" }), "message:old", { id: 1, body });
      push(socket, "presence_state", Presence.list(this.self, "presence", socket.topic));
      // @ts-expect-error -- no presences
      push(socket, "presence_state", { "7": { online_at: 1 } });
      if (body === "muted") return reply("error", { reason: "muted" }, socket);
      return reply("ok", { id: 7 }, socket);
    },
    typing: async (_payload, socket) => {
      broadcastFrom(socket, "typing", { name: socket.assigns.name });
      return noReply(socket);
    },
  },
  handleOut(event, payload, socket) {
    push(socket, event, payload);
    return noReply(socket);
  },
  async handleCast(_message, socket) {
    await Presence.track(socket, "presence", "7", { online_at: 7 });
    // @ts-expect-error -- that is a number
    await Presence.track(socket, "presence", "7", { online_at: "now" });
    await Presence.update(socket, "presence", "7", () => ({ online_at: 8 }));
    // @ts-expect-error -- a meta of another kind
    await Presence.update(socket, "presence", "7", { away: true });
    return noReply(socket);
  },
  handleInfo(message, socket) {
    // @ts-expect-error -- nobody sends that
    if (message === "before_join") return noReply(socket);
    return noReply(socket);
  },
}) satisfies ContractChannelClass<RoomContract>;

defineSocket({ channels: [["room:*", RoomChannel]], connect: (_params, socket) => ok(socket) });

const oneEvent = defineContract({
  join: { reply: z.object({ id: z.number() }) },
  in: { shout: { reply: z.object({ heard: z.number() }) } },
});
defineChannel(oneEvent, {
  // @ts-expect-error -- the reply of the join has an id
  join: (_topic, _params, socket) => ok({ id: "7" }, socket),
  handleIn: {
    // @ts-expect-error -- the reply says who heard it
    shout: (_payload, socket) => reply("ok", { herd: 7 }, socket),
  },
});
defineChannel(oneEvent, {
  // @ts-expect-error -- the join is answered with an id
  join: (_topic, _params, socket) => ok(socket),
  handleIn: {
    // @ts-expect-error -- the reply has a payload
    shout: (_payload, socket) => reply("ok", socket),
  },
});
defineChannel(oneEvent, {
  // @ts-expect-error -- the contract knows no refusal
  join: () => error({ reason: "full" }),
  handleIn: {
    // @ts-expect-error -- nor does the event know an error
    shout: (_payload, socket) => reply("error", { reason: "deaf" }, socket),
  },
});
defineChannel(oneEvent, {
  join: (_topic, _params, socket) => ok({ id: 7 }, socket),
  // @ts-expect-error -- an event without handler
  handleIn: {},
});
defineChannel(oneEvent, {
  join: (_topic, _params, socket) => ok({ id: 7 }, socket),
  handleIn: {
    shout: (_payload, socket) => noReply(socket),
    // @ts-expect-error -- a handler for an event that is not in the contract
    whisper: (_payload, socket) => noReply(socket),
  },
});

// @ts-expect-error -- not a schema
defineContract({ out: { shout: { body: "string" } } });

// A class says the same, to the compiler and to the runtime.
interface RoomClassTypes extends RoomTypes {
  readonly contract: RoomContract;
}
class RoomClass extends Channel<RoomClassTypes> {
  static readonly contract: RoomContract = roomContract;

  override join(_topic: string, { since }: JoinedWith<RoomContract>, socket: ChannelSocket<RoomClassTypes>) {
    since satisfies number;
    return since > 7 ? error({ reason: "full" as const }) : ok({ history: [] }, socket);
  }

  readonly handleIn: HandleInMap<RoomClassTypes> = {
    "message:new": ({ body }, socket) => {
      body satisfies string;
      socket.assigns.name satisfies string;
      // @ts-expect-error -- not an event of the contract
      push(socket, "message:old", { id: 1, body });
      push(socket, "message:new", { id: 1, body });
      return reply("ok", { id: 7 }, socket);
    },
    // @ts-expect-error -- typing knows no error
    typing: (_payload, socket) => reply("error", { reason: "muted" }, socket),
  };
}
void ({
  // @ts-expect-error -- not an event of the contract
  shout: (_payload: unknown, socket: ChannelSocket<RoomClassTypes>) => noReply(socket),
} satisfies HandleInMap<RoomClassTypes>);
class WrongRoom extends Channel<RoomClassTypes> {
  // @ts-expect-error -- the join is answered with a history
  override join(_topic: string, _params: JoinedWith<RoomContract>, socket: ChannelSocket<RoomClassTypes>) {
    return ok({ room: 7 }, socket);
  }
}
defineSocket({
  channels: [
    ["room:*", RoomClass],
    ["wrong:*", WrongRoom],
  ],
  connect: (_params, socket) => ok(socket),
});

// A contract may be written down as types first: then its file exports a name that tells all.
interface OrdersContract {
  readonly out: { readonly order_created: StandardSchema<{ id: number }> };
}
const ordersContract: OrdersContract = defineContract<OrdersContract>({
  out: { order_created: z.object({ id: z.number() }) },
});
// @ts-expect-error -- the schema must be for those types
defineContract<OrdersContract>({ out: { order_created: z.object({ id: z.string() }) } });
void ordersContract;

const client = new ClientSocket("/socket");
const room = typedChannel<RoomContract>(client, "room:1", { name: "Ada", since: "0" });
// @ts-expect-error -- clients give what the schema takes, not what it makes of it
typedChannel<RoomContract>(client, "room:1", { name: "Ada", since: 0 });
room
  .join()
  .receive("ok", ({ history }) => history satisfies string[])
  .receive("error", (refusal) => {
    if (refusal.reason === "invalid payload") refusal.errors["name"] satisfies readonly string[] | undefined;
    else refusal.reason satisfies "full" | "closed" | "unknown event";
  });
room
  .push("message:new", { body: "hi", at: "12" })
  .receive("ok", ({ id }) => id satisfies number)
  .receive("timeout", () => {});
// @ts-expect-error -- no such reply
room.push("typing", {}).receive("okay", () => {});
// @ts-expect-error -- the body is missing
room.push("message:new", {});
// @ts-expect-error -- not an event of the contract
room.push("message:old", { body: "hi" });
room.on("message:new", ({ id, body }) => [id satisfies number, body satisfies string]);
room.on("presence_diff", ({ joins }) => joins["7"]?.metas[0]?.online_at satisfies number | undefined);
// @ts-expect-error -- the server doesn't send that
room.on("message:old", () => {});
const presence = typedPresence<RoomContract>(new ClientPresence(client.channel("room:1")));
presence.list((key, { metas: [first] }) => [key, first?.online_at satisfies number | undefined]);
presence.onJoin((_key, current, joined) => [current?.metas.length, joined.metas[0]?.phx_ref]);
// @ts-expect-error -- that is a number
presence.list((_key, { metas: [first] }) => first?.online_at satisfies string | undefined);
typedChannel<OrdersContract>(client.channel("orders:7")).on("order_created", ({ id }) => id satisfies number);
