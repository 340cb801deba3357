import { setImmediate as turn } from "node:timers/promises";
import { Duplex } from "node:stream";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { once } from "node:events";
import fc from "fast-check";
import { assert, describe, test } from "vitest";
import { WebSocketServer } from "ws";
import {
  destroyStream,
  LeanWebSocket,
  type MessageReader,
} from "../../../channels/transport/lean-websocket.ts";
import { acceptUpgrade } from "../../../channels/transport/upgrade-request.ts";

const MAX_PAYLOAD_BYTES = 70_000;
const RUNS = 1_000;
const MASK = [0x37, 0xfa, 0x21, 0x3d];

const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_PAYLOAD_BYTES });

const request = {
  method: "GET",
  headers: {
    upgrade: "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
  },
} as unknown as IncomingMessage;

/** What a reader does besides reading, by the number of the message at which it does it. */
interface Deeds {
  readonly pauseAt: number;
  readonly closeAt: number;
}

interface Outcome {
  readonly heard: readonly string[];
  readonly sent: string;
}

/** Reads `chunks`, after which the client ends its side. Answers what the reader heard and what the client got. */
async function outcomeOf(isLean: boolean, chunks: readonly Buffer[], deeds: Deeds): Promise<Outcome> {
  const heard: string[] = [];
  const sent: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      sent.push(Buffer.from(bytes));
      done();
    },
  });
  const closed = Promise.withResolvers<void>();
  stream.on("close", closed.resolve);
  const websocket = isLean ? lean(stream) : full(stream);
  let messages = 0;
  const hears = (what: string): void => {
    heard.push(what);
    messages += 1;
    if (messages === deeds.closeAt) websocket.close(1001);
    if (messages !== deeds.pauseAt) return;
    websocket.pause();
    setImmediate(() => websocket.resume());
  };
  const reader: MessageReader = {
    becameFull: () => {},
    message: (data) => hears(typeof data === "string" ? `text ${data}` : `binary ${data.toString("hex")}`),
    control: (kind, data) => hears(`${kind} ${data.toString("hex")}`),
    gone: () => {
      if (heard.at(-1) !== "gone") heard.push("gone");
    },
  };
  websocket.readWith(reader, true);
  // Each in a turn of its own: a stream joins what it holds when it begins to flow.
  for (const chunk of chunks) {
    stream.push(Buffer.from(chunk));
    await turn();
  }
  // Who ends in the same turn as an offence is read may miss the answer to it, from either.
  do await turn();
  while (stream.readableLength > 0);
  await turn();
  stream.push(null);
  await closed.promise;
  return { heard, sent: Buffer.concat(sent).toString("latin1") };
}

function lean(stream: Duplex): LeanWebSocket {
  stream.on("error", destroyStream);
  stream.write(acceptUpgrade(request, undefined), "latin1");
  return new LeanWebSocket(stream, server.options);
}

function full(stream: Duplex): LeanWebSocket {
  let opened: LeanWebSocket | undefined;
  server.handleUpgrade(request, stream, Buffer.alloc(0), (websocket) => {
    opened = new LeanWebSocket(stream, server.options, websocket);
  });
  return opened!;
}

function frame(first: number, payload: Buffer, isMasked = true): Buffer {
  const { length } = payload;
  const size =
    length < 126
      ? [length]
      : length < 65_536
        ? [126, length >> 8, length & 255]
        : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
  if (!isMasked) return Buffer.concat([Buffer.from([first, ...size]), payload]);
  size[0]! |= 0x80;
  const masked = payload.map((byte, index) => byte ^ MASK[index % 4]!);
  return Buffer.concat([Buffer.from([first, ...size, ...MASK]), masked]);
}

const texts = fc.string({ unit: "grapheme", maxLength: 200 }).map((text) => Buffer.from(text));
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const long = fc.constantFrom(125, 126, 127, 65_535, 65_536, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1);

const frames = fc.oneof(
  { weight: 8, arbitrary: texts.map((text) => frame(0x81, text)) },
  { weight: 4, arbitrary: bytes.map((data) => frame(0x82, data)) },
  { weight: 2, arbitrary: long.map((length) => frame(0x81, Buffer.alloc(length, "x"))) },
  { weight: 2, arbitrary: texts.map((text) => Buffer.concat([frame(0x01, text), frame(0x80, text)])) },
  { weight: 1, arbitrary: bytes.map((data) => frame(0x89, data.subarray(0, 125))) },
  { weight: 1, arbitrary: bytes.map((data) => frame(0x8a, data.subarray(0, 125))) },
  // Offences, and the client's own end: whatever follows is not heard any more.
  { weight: 1, arbitrary: bytes.map((data) => frame(0x81, data)) },
  { weight: 1, arbitrary: texts.map((text) => frame(0x81, text, false)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0xc1, 0x83, 0x80, 0x00).map((first) => frame(first, Buffer.from("x"))),
  },
  { weight: 1, arbitrary: fc.constant(frame(0x88, Buffer.from([0x03, 0xe8]))) },
);

const deaf: MessageReader = {
  message: () => {},
  control: () => {},
  becameFull: () => {},
  gone: () => {},
};

describe("a LeanWebSocket", () => {
  test("does what a full one of ws does, byte for byte, whatever comes in whatever pieces", async () => {
    const deeds = fc.record({ pauseAt: fc.nat(8), closeAt: fc.oneof(fc.constant(0), fc.nat(8)) });
    const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { maxLength: 8 }), cuts, deeds, async (all, sizes, doing) => {
        const chunks = cut(Buffer.concat(all), sizes);
        assert.deepEqual(await outcomeOf(true, chunks, doing), await outcomeOf(false, chunks, doing));
      }),
      { numRuns: RUNS },
    );
  });

  test("takes what the client has sent along with its request", async () => {
    const stream = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
    stream.unshift(frame(0x81, Buffer.from("early")));
    const message = await new Promise<unknown>((resolve) => {
      lean(stream).readWith({ ...deaf, message: resolve }, false);
    });
    assert.equal(message, "early");
  });

  test("is under none of the limits that its server has for connections that are silent", async () => {
    const http = createServer();
    http.setTimeout(60_000);
    const limits = new Promise<unknown[]>((resolve) => {
      http.on("upgrade", (_request, stream: Socket) => {
        const before = stream.timeout;
        lean(stream).readWith(deaf, false);
        resolve([before, stream.timeout]);
      });
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const client = connect((http.address() as AddressInfo).port, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    assert.deepEqual(await limits, [60_000, 0]);
    client.destroy();
    http.close();
  });
});

/** In pieces of these sizes, and what remains. */
function cut(all: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= all.length) break;
    chunks.push(all.subarray(at, at + size));
    at += size;
  }
  if (at < all.length) chunks.push(all.subarray(at));
  return chunks;
}
