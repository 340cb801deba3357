import { type ContractChannelClass, defineContract, type SocketDefinition } from "rookery/channels";
import { channelTest } from "rookery/testing";
import { z } from "zod";

const contract = defineContract({
  join: { params: z.object({ name: z.string() }), reply: z.object({ welcome: z.string() }) },
  in: { say: { payload: z.object({ body: z.string() }), reply: z.object({ id: z.number() }) }, typing: {} },
  out: { said: z.object({ id: z.number(), tags: z.array(z.string()) }) },
});

declare const RoomChannel: ContractChannelClass<typeof contract>;
declare const UserSocket: SocketDefinition;
declare const matcher: { asymmetricMatch(value: unknown): boolean };

const it = await channelTest();
const client = await it.connectOrThrow(UserSocket, { token: "x" });

const joined = await it.join(client, RoomChannel, "room:1", { name: "Ada" });
if (joined.ok) joined.reply.welcome satisfies string;
// @ts-expect-error -- the name is a string
await it.join(client, RoomChannel, "room:1", { name: 7 });

const room = await it.subscribeAndJoinOrThrow(client, RoomChannel, "room:1", { name: "Ada" });
const ref = it.push(room, "say", { body: "hi" });
it.push(room, "typing");
// @ts-expect-error -- the body is a string
it.push(room, "say", { body: 7 });
// @ts-expect-error -- not an event of the contract
it.push(room, "shout", {});
// @ts-expect-error -- nothing the channel broadcasts
it.broadcastFrom(room, "say", { body: "hi" });

const { id } = await it.assertReply(ref, "ok", { id: matcher });
id satisfies number;
await it.assertReply(ref, "ok", ({ id: given }) => given > 6);
// @ts-expect-error -- the id is a number
await it.assertReply(ref, "ok", { id: "7" });
const { reason } = await it.assertReply(ref, "error");
// @ts-expect-error -- an error has a reason, which is not that
reason satisfies number;

const said = await it.assertPush(room, "said", { tags: ["a", (tag: string) => tag.length > 1] });
said.tags satisfies string[];
await it.assertBroadcast(room, "said", { id: (given) => given > 6 });
// @ts-expect-error -- tags are strings
await it.refutePush(room, "said", { tags: [7] });
// @ts-expect-error -- not an event of the contract
await it.refuteBroadcast(room, "shouted");

// Of a channel without contract nothing is known, and nothing refused.
const untyped = await it.subscribeAndJoinOrThrow(client, "other:1", { anything: true });
const other = it.push(untyped, "anything", 7);
await it.assertReply(other, "ok", { id: (given: unknown) => given !== 7 });
const payload = await it.assertPush(untyped, "anything", ({ id: given }) => given !== 7);
payload["id"] satisfies unknown;
await it.assertBroadcast("any:topic", "any", { id: matcher });
