import { afterEach, assert, beforeEach, describe, test } from "vitest";
import { defineSocket, ok, type SocketDefinition } from "../../../channels/index.ts";
import { realtimeJson } from "../../../channels/serializer/realtime-json.ts";
import type { Serializer } from "../../../channels/serializer/serializer.ts";
import { v1Json } from "../../../channels/serializer/v1-json.ts";
import { v2Json } from "../../../channels/serializer/v2-json.ts";
import type { Runtime } from "../../../runtime/index.ts";
import { settle } from "../../../runtime/testing.ts";
import { closeGate, RoomChannel, roomSocket } from "../room-channel.ts";
import { connect, startRuntime, type TestConnection } from "../test-connection.ts";

/**
 * What goes over the wire, character by character. `->` is a frame of a client, `<-` one that it gets; the frames between two
 * answers are sent at once, and the answers are all there are. `b->` and `b<-` are those of a second client. A line that begins
 * with `x` is a frame of bytes, in hexadecimal but for what is quoted.
 */

let runtime: Runtime;
beforeEach(async () => {
  runtime = await startRuntime();
});
afterEach(() => runtime.shutdown());

interface Exchange {
  readonly sent: (readonly [client: string, frame: string])[];
  readonly received: Map<string, string[]>;
}

function exchanges(transcript: string): Exchange[] {
  const all: Exchange[] = [];
  let answering = true;
  for (const line of transcript.split("\n").map((text) => text.trim())) {
    const [, client = "", arrow, frame = ""] = /^([a-z]?)(->|<-) (.*)$/.exec(line) ?? [];
    if (arrow === undefined) continue;
    if (arrow === "->" && answering) all.push({ sent: [], received: new Map() });
    answering = arrow === "<-";
    const { sent, received } = all.at(-1)!;
    if (arrow === "->") sent.push([client, frame]);
    else received.set(client, [...(received.get(client) ?? []), frame]);
  }
  return all;
}

/** `x 01 "ok" ff` */
function bytesOf(frame: string): Buffer {
  const parts = frame.slice(1).match(/"[^"]*"|[0-9a-f]{2}/g) ?? [];
  return Buffer.concat(
    parts.map((part) => (part.startsWith('"') ? Buffer.from(part.slice(1, -1)) : Buffer.from(part, "hex"))),
  );
}

const shown = (data: string | Uint8Array): string =>
  typeof data === "string" ? data : `x ${Buffer.from(data).toString("hex")}`;

async function play(
  transcript: string,
  { serializer = v2Json, socket = roomSocket }: { serializer?: Serializer; socket?: SocketDefinition } = {},
): Promise<void> {
  const clients = new Map<string, TestConnection>();
  for (const name of ["", "b"]) clients.set(name, await connect(runtime, socket, { serializer }));
  for (const { sent, received } of exchanges(transcript)) {
    for (const [client, frame] of sent)
      clients.get(client)!.send(frame.startsWith("x") ? bytesOf(frame) : frame);
    await settle(runtime);
    for (const [name, { peer }] of clients) {
      const expected = received.get(name) ?? [];
      assert.deepEqual(
        peer.frames.splice(0).map(shown),
        expected.map((frame) => (frame.startsWith("x") ? shown(bytesOf(frame)) : frame)),
        `after ${sent.map(([, frame]) => frame).join(" and ")}`,
      );
    }
  }
}

/** Tests of transcripts, by what they show. */
function transcripts(all: Readonly<Record<string, string>>, options?: Parameters<typeof play>[1]): void {
  for (const [name, transcript] of Object.entries(all)) test(name, () => play(transcript, options));
}

describe("text frames", () => {
  transcripts({
    "a push, a reply, a server's push, a broadcast, and the end of a channel": `
      -> ["1","1","room:plain","phx_join",{}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","2","room:plain","echo",{"a":"ž"}]
      <- ["1","2","room:plain","phx_reply",{"response":{"a":"ž"},"status":"ok"}]
      -> ["1","3","room:plain","push",{"a":1}]
      <- ["1",null,"room:plain","pushed",{"a":1}]
      -> ["1","4","room:plain","shout",{"a":1}]
      <- [null,null,"room:plain","shout",{"a":1}]
      <- ["1","4","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","5","room:plain","stop",{"reason":"normal"}]
      <- ["1","1","room:plain","phx_close",{}]`,
    "the end of a channel that crashes": `
      -> ["1","1","room:plain","phx_join",{}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","2","room:plain","crash",{}]
      <- ["1","1","room:plain","phx_error",{"reason":"channel_crash"}]`,
    "refs that are numbers come back as numbers, in every frame": `
      -> [7,8,"room:plain","phx_join",{}]
      <- [7,8,"room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> [7,9,"room:plain","echo",{}]
      <- [7,9,"room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> [7,10,"room:plain","push",{}]
      <- [7,null,"room:plain","pushed",{}]
      -> [7,11,"room:plain","phx_leave",{}]
      <- [7,11,"room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- [7,7,"room:plain","phx_close",{}]`,
    "a payload of a client may be any JSON, and a frame longer than five elements": `
      -> ["1","1","room:plain","phx_join",null,"more"]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","2","room:plain","echo",[1,null,"x"]]
      <- ["1","2","room:plain","phx_reply",{"response":[1,null,"x"],"status":"ok"}]
      -> ["1","3","room:plain","echo","text"]
      <- ["1","3","room:plain","phx_reply",{"response":"text","status":"ok"}]`,
  });
});

describe("frames of bytes", () => {
  transcripts({
    "a push is answered with a reply, and a broadcast has no refs": `
      -> ["3","3","room:plain","phx_join",{}]
      <- ["3","3","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> x 00 01 01 0a 04 "3" "4" "room:plain" "echo" 000102ff
      <- x 01 01 01 0a 02 "3" "4" "room:plain" "ok" 000102ff
      -> x 00 01 01 0a 05 "3" "5" "room:plain" "shout" 090807
      <- x 02 0a 05 "room:plain" "shout" 090807
      <- ["3","5","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> x 00 01 01 0a 04 "3" "6" "room:plain" "push" 0a
      <- x 00 01 0a 06 "3" "room:plain" "pushed" 0a`,
    "join, leave and heartbeat may come as bytes, and are answered in text": `
      -> x 00 01 01 0a 08 "1" "1" "room:plain" "phx_join" 00
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> x 00 00 01 07 09 "2" "phoenix" "heartbeat"
      <- [null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}]
      -> x 00 01 01 0a 09 "1" "3" "room:plain" "phx_leave"
      <- ["1","3","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- ["1","1","room:plain","phx_close",{}]`,
    "an empty join_ref is none, and an empty ref comes back empty": `
      -> ["1","1","room:plain","phx_join",{}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> x 00 00 00 0a 04 "room:plain" "echo" ff
      <- x 01 01 00 0a 02 "1" "room:plain" "ok" ff
      -> x 00 01 01 0a 04 "2" "4" "room:plain" "echo" ff
      -> ["1","5","room:plain","echo",{}]
      <- ["1","5","room:plain","phx_reply",{"response":{},"status":"ok"}]`,
    "a push to a topic that is not joined is answered in text": `
      -> x 00 01 01 0a 04 "1" "2" "room:plain" "echo" ff
      <- [null,"2","room:plain","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]`,
  });

  test("a topic may have 255 bytes of UTF-8 in frames of bytes, and any number in text", async () => {
    const topic = `room:${"ž".repeat(125)}`;
    await play(`
      -> ["1","1","${topic}","phx_join",{}]
      -> ["1","2","${topic}","silent",{}]
      <- ["1","1","${topic}","phx_reply",{"response":{"topic":"${topic}","assigns":{}},"status":"ok"}]
      <- ["1",null,"${topic}","info",{"message":["after_join",{}],"ref":null}]
      -> x 00 01 01 ff 04 "1" "3" "${topic}" "echo" ff
      <- x 01 01 01 ff 02 "1" "3" "${topic}" "ok" ff`);
    const long = `bare:${"ž".repeat(126)}`;
    await play(`
      -> ["1","1","${long}","phx_join",{}]
      <- ["1","1","${long}","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","2","${long}","x",{}]
      <- ["1","2","${long}","phx_reply",{"response":{"event":"x","payload":{}},"status":"ok"}]`);
  });
});

describe("version 1", () => {
  transcripts(
    {
      "a heartbeat, a join, a push, a broadcast and a leave, without join_ref": `
        -> {"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}
        <- {"topic":"phoenix","event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"1"}
        -> {"topic":"room:plain","event":"phx_join","payload":{},"ref":"2"}
        <- {"topic":"room:plain","event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"2"}
        -> {"topic":"room:plain","event":"echo","payload":{"a":1},"ref":"3"}
        <- {"topic":"room:plain","event":"phx_reply","payload":{"response":{"a":1},"status":"ok"},"ref":"3"}
        -> {"topic":"room:plain","event":"shout","payload":{"a":1},"ref":4}
        <- {"topic":"room:plain","event":"shout","payload":{"a":1},"ref":null}
        <- {"topic":"room:plain","event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":4}
        -> {"topic":"room:plain","event":"push","payload":{"a":1},"ref":"5"}
        <- {"topic":"room:plain","event":"pushed","payload":{"a":1},"ref":null}
        -> {"topic":"room:plain","event":"phx_leave","payload":{},"ref":"6"}
        <- {"topic":"room:plain","event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"6"}
        <- {"topic":"room:plain","event":"phx_close","payload":{},"ref":null}`,
      "a join_ref is heeded, and is the ref of the channel's end": `
        -> {"topic":"room:plain","event":"phx_join","payload":{},"ref":"1","join_ref":"1"}
        <- {"topic":"room:plain","event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"1"}
        -> {"topic":"room:plain","event":"echo","payload":{},"ref":"2","join_ref":"0"}
        -> {"topic":"room:plain","event":"crash","payload":{},"ref":"3"}
        <- {"topic":"room:plain","event":"phx_error","payload":{"reason":"channel_crash"},"ref":"1"}`,
    },
    { serializer: v1Json },
  );
});

describe("with the frames of realtime-js", () => {
  transcripts(
    {
      "the frames of version 2 are as ever": `
        -> ["3","3","room:plain","phx_join",{}]
        <- ["3","3","room:plain","phx_reply",{"response":{},"status":"ok"}]
        -> x 00 01 01 0a 04 "3" "4" "room:plain" "echo" 000102ff
        <- x 01 01 01 0a 02 "3" "4" "room:plain" "ok" 000102ff`,
      "a user's push is a push of broadcast": `
        -> ["3","3","bare:a","phx_join",{}]
        <- ["3","3","bare:a","phx_reply",{"response":{},"status":"ok"}]
        -> x 03 01 01 06 01 00 01 "3" "4" "bare:a" "e" "[1]"
        <- ["3","4","bare:a","phx_reply",{"response":{"event":"broadcast","payload":{"type":"broadcast","event":"e","payload":[1]}},"status":"ok"}]`,
    },
    { serializer: realtimeJson },
  );
});

const UNMATCHED = `{"response":{"reason":"unmatched topic"},"status":"error"}`;

describe("rule 1: a heartbeat", () => {
  transcripts({
    "is answered with join_ref null and its own ref": `
      -> [null,"1","phoenix","heartbeat",{}]
      <- [null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]
      -> ["1",2,"phoenix","heartbeat",{}]
      <- [null,2,"phoenix","phx_reply",{"response":{},"status":"ok"}]
      -> [null,null,"phoenix","heartbeat",null]
      <- [null,null,"phoenix","phx_reply",{"response":{},"status":"ok"}]`,
    "is the only event of its topic": `
      -> [null,"1","phoenix","phx_join",{}]
      -> [null,"2","phoenix","other",{}]
      <- [null,"1","phoenix","phx_reply",${UNMATCHED}]
      <- [null,"2","phoenix","phx_reply",${UNMATCHED}]`,
  });
});

describe("rule 2: a join", () => {
  transcripts({
    "is answered with what join answers": `
      -> ["1","1","bare:a","phx_join",{}]
      <- ["1","1","bare:a","phx_reply",{"response":{},"status":"ok"}]
      -> ["2","2","kept:a","phx_join",{"a":1}]
      <- ["2","2","kept:a","phx_reply",{"response":{"topic":"kept:a","assigns":{"kept":true}},"status":"ok"}]
      <- ["2",null,"kept:a","info",{"message":["after_join",{"a":1}],"ref":null}]`,
    "without join_ref is known by its ref, and ends under null": `
      -> [null,"1","room:plain","phx_join",{}]
      <- [null,"1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> [null,"2","room:plain","push",{}]
      <- ["1",null,"room:plain","pushed",{}]
      -> [null,"3","room:plain","phx_leave",{}]
      <- ["1","3","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- [null,null,"room:plain","phx_close",{}]`,
    "of a topic that nothing serves is answered with join_ref null": `
      -> ["1","1","nowhere","phx_join",{}]
      <- [null,"1","nowhere","phx_reply",${UNMATCHED}]
      -> ["1","2",7,"phx_join",{}]
      <- [null,"2",7,"phx_reply",${UNMATCHED}]`,
    "that is refused gets the reason, and nothing closes": `
      -> ["1","1","room:forbidden","phx_join",{}]
      <- ["1","1","room:forbidden","phx_reply",{"response":{"reason":"unauthorized"},"status":"error"}]
      -> ["1","2","room:forbidden","echo",{}]
      <- [null,"2","room:forbidden","phx_reply",${UNMATCHED}]`,
    "that fails, or returns what has no meaning, has crashed": `
      -> ["1","1","room:raise","phx_join",{}]
      -> ["2","2","room:wrong","phx_join",{}]
      <- ["1","1","room:raise","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]
      <- ["2","2","room:wrong","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]`,
  });

  transcripts(
    {
      "of one topic more than a connection may have is refused, and leaving one makes room": `
        -> ["1","1","room:plain","phx_join",{}]
        -> ["2","2","room:trap","phx_join",{}]
        <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
        <- ["2","2","room:trap","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]
        -> ["1","3","room:plain","phx_leave",{}]
        <- ["1","3","room:plain","phx_reply",{"response":{},"status":"ok"}]
        <- ["1","1","room:plain","phx_close",{}]
        -> ["4","4","room:trap","phx_join",{}]
        <- ["4","4","room:trap","phx_reply",{"response":{},"status":"ok"}]`,
    },
    {
      socket: defineSocket({
        channels: [["room:*", RoomChannel]],
        connect: (_, socket) => ok(socket),
        maxChannelsPerTransport: 1,
      }),
    },
  );
});

describe("rule 3: a join of a topic that is joined", () => {
  transcripts({
    "is answered before the old channel closes, and its own frames come after that": `
      -> ["1","1","kept:a","phx_join",{}]
      <- ["1","1","kept:a","phx_reply",{"response":{"topic":"kept:a","assigns":{"kept":true}},"status":"ok"}]
      <- ["1",null,"kept:a","info",{"message":["after_join",{}],"ref":null}]
      -> ["3","3","kept:a","phx_join",{}]
      <- ["3","3","kept:a","phx_reply",{"response":{"topic":"kept:a","assigns":{"kept":true}},"status":"ok"}]
      <- ["1","1","kept:a","phx_close",{}]
      <- ["3",null,"kept:a","info",{"message":["after_join",{}],"ref":null}]
      -> ["1","4","kept:a","echo",{}]
      -> ["3","5","kept:a","echo",{}]
      <- ["3","5","kept:a","phx_reply",{"response":{},"status":"ok"}]`,
    "with the same join_ref is a new join, too": `
      -> ["1","1","room:plain","phx_join",{}]
      -> ["1","1","room:plain","phx_join",{}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- ["1","1","room:plain","phx_close",{}]`,
    "behind a leave and a push in one burst: neither of them is answered": `
      -> ["1","1","room:plain","phx_join",{}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","2","room:plain","phx_leave",{}]
      -> ["1","3","room:plain","echo",{}]
      -> ["4","4","room:plain","phx_join",{}]
      <- ["4","4","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- ["1","1","room:plain","phx_close",{}]`,
  });
});

describe("rules 4 and 5: a leave or another event of a topic that is joined", () => {
  transcripts({
    "is for the channel with an equal join_ref or none, and not answered with another": `
      -> ["1","1","room:plain","phx_join",{}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> ["0","2","room:plain","echo",{}]
      -> [1,"3","room:plain","echo",{}]
      -> ["0","4","room:plain","phx_leave",{}]
      -> [1,"5","room:plain","phx_leave",{}]
      -> [null,"6","room:plain","echo",{}]
      <- ["1","6","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","7","room:plain","phx_leave",{}]
      <- ["1","7","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- ["1","1","room:plain","phx_close",{}]`,
    "is stale as text if the channel was joined with a number": `
      -> [1,1,"room:plain","phx_join",{}]
      <- [1,1,"room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","2","room:plain","echo",{}]
      -> [1,"3","room:plain","echo",{}]
      <- [1,"3","room:plain","phx_reply",{"response":{},"status":"ok"}]`,
    "may leave without join_ref": `
      -> ["1","1","room:plain","phx_join",{}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      -> [null,"2","room:plain","phx_leave",{}]
      <- ["1","2","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- ["1","1","room:plain","phx_close",{}]`,
  });
});

describe("rules 6 and 7: a leave or another event of a topic that is not joined", () => {
  transcripts({
    "a leave is confirmed with its own refs, and nothing closes": `
      -> ["9","1","room:plain","phx_leave",{}]
      -> [null,"2","room:plain","phx_leave",{}]
      -> [7,8,"nowhere","phx_leave",{}]
      <- ["9","1","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- [null,"2","room:plain","phx_reply",{"response":{},"status":"ok"}]
      <- [7,8,"nowhere","phx_reply",{"response":{},"status":"ok"}]`,
    "all else has no match, with join_ref null": `
      -> ["9","1","room:plain","echo",{}]
      -> [null,2,"room:plain","phx_close",{}]
      -> ["9","3",null,"echo",{}]
      <- [null,"1","room:plain","phx_reply",${UNMATCHED}]
      <- [null,2,"room:plain","phx_reply",${UNMATCHED}]
      <- [null,"3",null,"phx_reply",${UNMATCHED}]`,
  });
});

describe("what handleIn returns", () => {
  const joined = `
      -> ["1","1","room:plain","phx_join",{}]
      <- ["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]`;
  const closed = `["1","1","room:plain","phx_close",{}]`;
  const crashed = `["1","1","room:plain","phx_error",{"reason":"channel_crash"}]`;
  const gone = `
      -> ["1","9","room:plain","echo",{}]
      <- [null,"9","room:plain","phx_reply",${UNMATCHED}]
      -> ["10","10","room:plain","phx_join",{}]
      <- ["10","10","room:plain","phx_reply",{"response":{},"status":"ok"}]`;
  transcripts({
    "noReply sends nothing": `${joined}
      -> ["1","2","room:plain","silent",{}]
      -> ["1","3","room:plain","echo",{}]
      <- ["1","3","room:plain","phx_reply",{"response":{},"status":"ok"}]`,
    "a reply has a status, and a payload or {}": `${joined}
      -> ["1","2","room:plain","status",{}]
      <- ["1","2","room:plain","phx_reply",{"response":{},"status":"maybe"}]
      -> ["1","3","room:plain","refuse",{}]
      <- ["1","3","room:plain","phx_reply",{"response":{"reason":"nope"},"status":"error"}]`,
    "a reply to a push without ref has none": `${joined}
      -> ["1",null,"room:plain","echo",{}]
      <- ["1",null,"room:plain","phx_reply",{"response":{},"status":"ok"}]`,
    "stop for an orderly reason closes the channel": `${joined}
      -> ["1","2","room:plain","stop",{"reason":["shutdown","why"]}]
      <- ${closed}${gone}`,
    "stop with a reply replies, then closes": `${joined}
      -> ["1","2","room:plain","stop_reply",{}]
      <- ["1","2","room:plain","phx_reply",{"response":{"bye":true},"status":"ok"}]
      <- ${closed}${gone}`,
    "stop for any other reason is a crash": `${joined}
      -> ["1","2","room:plain","stop",{"reason":"boom"}]
      <- ${crashed}${gone}`,
    "what it throws is a crash": `${joined}
      -> ["1","2","room:plain","crash",{}]
      <- ${crashed}${gone}`,
    "a wrong return is a crash": `${joined}
      -> ["1","2","room:plain","wrong",{}]
      <- ${crashed}${gone}`,
    "an event without handler is a crash": `${joined}
      -> ["1","2","room:plain","nothing",{}]
      <- ${crashed}${gone}`,
    "an exit is a crash, whatever its reason": `${joined}
      -> ["1","2","room:plain","exit",{}]
      <- ${crashed}${gone}`,
  });

  transcripts({
    "an event with a name of the protocol is an event like any other": `
      -> ["1","1","bare:a","phx_join",{}]
      <- ["1","1","bare:a","phx_reply",{"response":{},"status":"ok"}]
      -> ["1","2","bare:a","phx_close",{}]
      <- ["1","2","bare:a","phx_reply",{"response":{"event":"phx_close","payload":{}},"status":"ok"}]
      -> ["1","3","bare:a","phx_reply",{"status":"ok"}]
      <- ["1","3","bare:a","phx_reply",{"response":{"event":"phx_reply","payload":{"status":"ok"}},"status":"ok"}]`,
  });
});

describe("a broadcast", () => {
  const joined = `
      -> ["1","1","kept:a","phx_join",{}]
      <- ["1","1","kept:a","phx_reply",{"response":{"topic":"kept:a","assigns":{"kept":true}},"status":"ok"}]
      <- ["1",null,"kept:a","info",{"message":["after_join",{}],"ref":null}]
      b-> ["7","7","kept:a","phx_join",{}]
      b<- ["7","7","kept:a","phx_reply",{"response":{"topic":"kept:a","assigns":{"kept":true}},"status":"ok"}]
      b<- ["7",null,"kept:a","info",{"message":["after_join",{}],"ref":null}]`;
  transcripts({
    "reaches everybody without refs, and its sender before the reply": `${joined}
      -> ["1","2","kept:a","shout",{"a":1}]
      <- [null,null,"kept:a","shout",{"a":1}]
      <- ["1","2","kept:a","phx_reply",{"response":{},"status":"ok"}]
      b<- [null,null,"kept:a","shout",{"a":1}]`,
    "from a channel reaches everybody but its client": `${joined}
      -> ["1","2","kept:a","whisper",{"a":1}]
      b<- [null,null,"kept:a","whisper",{"a":1}]`,
    "that is intercepted is pushed by each channel, with its join_ref": `${joined}
      -> ["1","2","kept:a","intercept",{"a":1}]
      <- ["1",null,"kept:a","intercepted",{"a":1,"for":0}]
      b<- ["7",null,"kept:a","intercepted",{"a":1,"for":0}]`,
    "is over for those who have left": `${joined}
      b-> ["7","8","kept:a","phx_leave",{}]
      b<- ["7","8","kept:a","phx_reply",{"response":{},"status":"ok"}]
      b<- ["7","7","kept:a","phx_close",{}]
      -> ["1","2","kept:a","shout",{"a":1}]
      <- [null,null,"kept:a","shout",{"a":1}]
      <- ["1","2","kept:a","phx_reply",{"response":{},"status":"ok"}]`,
  });
});

test("a client that joins again while its first join runs is answered to both, in order", async () => {
  const open = closeGate();
  const client = await connect(runtime, roomSocket);
  // As phoenix.js does when a join takes longer than its timeout, with a heartbeat in between.
  client.send('["1","1","room:gate","phx_join",{}]');
  client.send('[null,"2","phoenix","heartbeat",{}]');
  client.send('["1","3","room:gate","phx_leave",{}]');
  client.send('["4","4","room:gate","phx_join",{}]');
  assert.deepEqual(client.peer.frames, []);
  open();
  await settle(runtime);
  assert.deepEqual(client.peer.frames, [
    '["1","1","room:gate","phx_reply",{"response":{"slow":true},"status":"ok"}]',
    '[null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}]',
    '["4","4","room:gate","phx_reply",{"response":{"slow":true},"status":"ok"}]',
    '["1","1","room:gate","phx_close",{}]',
  ]);
});
