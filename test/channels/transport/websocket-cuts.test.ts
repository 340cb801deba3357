import { once } from "node:events";
import { connect as connectTcp, type Socket as TcpSocket } from "node:net";
import { afterAll, assert, beforeAll, describe, test } from "vitest";
import { TestServer } from "../websocket-server.ts";

/** What a client sends, byte by byte, and what it gets, however TCP cuts it. */

const HANDSHAKE = [
  "GET /socket/websocket?vsn=2.0.0 HTTP/1.1",
  "host: app.example",
  "connection: Upgrade",
  "upgrade: websocket",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version: 13",
  "\r\n",
].join("\r\n");

const MASK = [0x37, 0xfa, 0x21, 0x3d];
const Fin = 0x80;
const Opcode = { Continuation: 0x0, Text: 0x1, Binary: 0x2, Close: 0x8, Ping: 0x9, Pong: 0xa } as const;

/** A frame of a client: the first byte, the mask bit and the size, the mask, the payload under it. */
function masked(first: number, payload: string | readonly number[]): Buffer {
  const bytes = Buffer.from(payload as string);
  assert.isBelow(bytes.length, 126);
  return Buffer.from([first, 0x80 | bytes.length, ...MASK, ...bytes.map((byte, i) => byte ^ MASK[i % 4]!)]);
}

// kind, sizes of "1" "3" room:plain echo, the fields, three bytes
const PUSH = [0, 1, 1, 10, 4, ...Buffer.from("13room:plainecho"), 1, 2, 0xff];
const Z = Buffer.from("ž");

const SENT = Buffer.concat([
  Buffer.from(HANDSHAKE),
  masked(Fin | Opcode.Text, '["1","1","room:plain","phx_join",{}]'),
  masked(Fin | Opcode.Ping, "one"),
  // A message in four fragments, two of which end within a character or are empty, and a ping in between.
  masked(Opcode.Text, [...Buffer.from('["1","2","room:plain","echo",{"a":"'), Z[0]!]),
  masked(Opcode.Continuation, []),
  masked(Fin | Opcode.Ping, []),
  masked(Opcode.Continuation, [Z[1]!]),
  masked(Fin | Opcode.Continuation, '"}]'),
  masked(Fin | Opcode.Binary, PUSH),
  masked(Opcode.Binary, PUSH.slice(0, 3)),
  masked(Fin | Opcode.Continuation, PUSH.slice(3)),
  masked(Fin | Opcode.Text, '[null,"4","room:plain","refuse",[]]'),
]);

/** What comes in frames of text and bytes, in this order; the frames are of one piece and not masked. */
const MESSAGES = [
  text('["1","1","room:plain","phx_reply",{"response":{},"status":"ok"}]'),
  text('["1","2","room:plain","phx_reply",{"response":{"a":"ž"},"status":"ok"}]'),
  // kind, sizes of "1" "3" room:plain ok, the fields, the same three bytes; twice
  Buffer.from([0x82, 22, 1, 1, 1, 10, 2, ...Buffer.from("13room:plainok"), 1, 2, 0xff]),
  Buffer.from([0x82, 22, 1, 1, 1, 10, 2, ...Buffer.from("13room:plainok"), 1, 2, 0xff]),
  text('["1","4","room:plain","phx_reply",{"response":{"reason":"nope"},"status":"error"}]'),
];
const PONGS = [Buffer.from([0x8a, 3, ...Buffer.from("one")]), Buffer.from([0x8a, 0])];
const ANSWER_BYTES = [...MESSAGES, ...PONGS].reduce((sum, { length }) => sum + length, 0);

function text(payload: string): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.from([0x81, bytes.length, ...bytes]);
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** All that a server answers to these segments, each sent when the one before was read, without its head. */
async function answersTo(segments: readonly Uint8Array[]): Promise<Buffer[]> {
  const tcp = connectTcp({ port: server.port, host: "127.0.0.1", noDelay: true });
  let received = Buffer.alloc(0);
  let wake = (): void => {};
  tcp.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  await once(tcp, "connect");
  for (const segment of segments) await sent(tcp, segment);
  const headEnd = (): number => received.indexOf("\r\n\r\n") + 4;
  while (headEnd() < 4 || received.length < headEnd() + ANSWER_BYTES)
    await new Promise<void>((resolve) => (wake = resolve));
  assert.match(received.toString("latin1", 0, 12), /^HTTP\/1.1 101/);
  const frames = framesOf(received.subarray(headEnd()));
  // 1000, answered with the same.
  received = Buffer.alloc(0);
  const closed = once(tcp, "close");
  await sent(tcp, masked(Fin | Opcode.Close, [0x03, 0xe8]));
  await closed;
  assert.deepEqual(received, Buffer.from([0x88, 2, 0x03, 0xe8]));
  return frames;
}

/** Resolves when the other side, on the same event loop, has had its chance to read it. */
async function sent(tcp: TcpSocket, segment: Uint8Array): Promise<void> {
  await new Promise((resolve) => tcp.write(segment, resolve));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 2 + bytes[at + 1]!;
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}

const isPong = (frame: Buffer): boolean => (frame[0]! & 0x0f) === Opcode.Pong;
const shown = (frames: readonly Buffer[]): string[] => frames.map((frame) => frame.toString("latin1"));

function assertAnswers(frames: readonly Buffer[], what: string): void {
  assert.deepEqual(shown(frames.filter((frame) => !isPong(frame))), shown(MESSAGES), what);
  assert.deepEqual(shown(frames.filter(isPong)), shown(PONGS), what);
}

describe("a handshake and frames get the same answers", () => {
  test("in one segment", async () => {
    assertAnswers(await answersTo([SENT]), "whole");
  });

  test("cut in two at every byte", async () => {
    const atOnce = 8;
    for (let first = 1; first < SENT.length; first += atOnce) {
      const cuts = Array.from({ length: atOnce }, (_, i) => first + i).filter((cut) => cut < SENT.length);
      await Promise.all(
        cuts.map(async (cut) => {
          assertAnswers(await answersTo([SENT.subarray(0, cut), SENT.subarray(cut)]), `cut at ${cut}`);
        }),
      );
    }
  });

  test("cut after each byte", async () => {
    const bytes = Array.from({ length: SENT.length }, (_, at) => SENT.subarray(at, at + 1));
    assertAnswers(await answersTo(bytes), "single bytes");
  });
});
