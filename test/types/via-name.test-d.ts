import { child, GenServer, type Ok, ok, PartitionSupervisor, Registry } from "rookery";
import { type Pid, type Reply, reply, Runtime, type ViaName } from "rookery";

class Room extends GenServer<string[], "topic", { post: string }> {
  init(): Ok<string[]> {
    return ok([]);
  }
  override handleCall(_request: "topic"): Reply<string> {
    return reply("nests");
  }
}

class Clock extends GenServer<number> {
  init(): Ok<number> {
    return ok(0);
  }
}

const runtime = await Runtime.start();
const room: ViaName<Room> = Registry.via("rooms", "lobby");
const anyRoom = PartitionSupervisor.via<Room>("workers", "lobby");

const topic: string = await runtime.call(room, "topic");
const again: string = await runtime.call(anyRoom, "topic");
const pid: Pid<Room> | undefined = runtime.whereis(room);
const started: Pid<Room> = await runtime.start(Room, undefined, { name: room });
child(Room, undefined, { name: room });
// What nobody has said the class of may name any server.
await runtime.start(Clock, undefined, { name: Registry.via("rooms", "clock") });
const unknown: unknown = await runtime.call(Registry.via("rooms", "clock"), "whatever");

// @ts-expect-error -- not a request of this server
await runtime.call(room, "title");
// @ts-expect-error -- its answer is a string
const number: number = await runtime.call(anyRoom, "topic");
// @ts-expect-error -- it is a Room that has this name
const clock: Pid<Clock> | undefined = runtime.whereis(room);
// @ts-expect-error -- the name of another server
await runtime.start(Clock, undefined, { name: room });
// @ts-expect-error -- the name of another server
child(Clock, undefined, { name: room });
// @ts-expect-error -- what is no name
await runtime.start(Clock, undefined, { name: 1 });
// @ts-expect-error -- a key has to be in a registry
await runtime.start(Clock, undefined, { name: { key: "clock" } });

void [topic, again, pid, started, unknown, number, clock];
