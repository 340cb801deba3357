import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LinkFrame } from "../../../channels/redis/link-frame.ts";
import { NodeLinks } from "../../../channels/redis/node-links.ts";

const SILENT_BEATS_MAX = 3;

/** One of two nodes, and what it has seen of the other. */
class End {
  readonly name: string;
  readonly links: NodeLinks;
  /** What is on its way to the other one. */
  readonly outgoing: ("alive" | LinkFrame)[] = [];
  readonly events: string[] = [];
  /** How often the other one was up, and what was sent since. */
  ups = 0;
  isUp = false;
  sent = 0;
  /** What came since it was up last, as `ups.number` of the other side. */
  received: string[] = [];
  readonly #wrong: string[];

  constructor(name: string, other: string, wrong: string[]) {
    this.name = name;
    this.#wrong = wrong;
    this.links = new NodeLinks({
      incarnation: name,
      silentBeatsMax: SILENT_BEATS_MAX,
      say: (_, frame) => this.outgoing.push(frame),
      events: {
        nodeUp: () => {
          if (this.isUp) wrong.push(`${name}: ${other} is up twice`);
          this.events.push("up");
          this.isUp = true;
          this.ups += 1;
          this.sent = 0;
          this.received = [];
        },
        nodeDown: () => {
          if (!this.isUp) wrong.push(`${name}: ${other} is down twice`);
          this.events.push("down");
          this.isUp = false;
        },
        received: (_, __, bytes) => {
          if (!this.isUp) wrong.push(`${name}: something came while ${other} was down`);
          this.received.push(Buffer.from(bytes).toString());
          this.#check();
        },
      },
    });
  }

  /** All from one connection of the other side, without a gap, from the first on. */
  #check(): void {
    const [connection] = this.received[0]!.split(".");
    const expected = this.received.map((_, index) => `${connection}.${index + 1}`);
    if (this.received.join() !== expected.join()) this.#wrong.push(`${this.name}: ${this.received.join()}`);
  }

  send(other: string): void {
    if (this.isUp) this.sent += 1;
    const frame = this.links.next(other, Buffer.from(`${this.ups}.${this.sent}`));
    if (frame !== undefined) this.outgoing.push(frame);
  }

  beat(): void {
    this.outgoing.push("alive");
    this.links.beat();
  }
}

function hear(from: End, to: End): void {
  const frame = from.outgoing.shift();
  if (frame === "alive") to.links.alive(from.name, from.name);
  else if (frame !== undefined) to.links.heard(from.name, frame);
}

/** Both say that they are there, and everything arrives, several times over. */
function calm(a: End, b: End): void {
  for (let beat = 0; beat < SILENT_BEATS_MAX + 2; beat += 1) {
    a.beat();
    b.beat();
    while (a.outgoing.length + b.outgoing.length > 0) {
      hear(a, b);
      hear(b, a);
    }
  }
}

function twoEnds(): { a: End; b: End; wrong: string[] } {
  const wrong: string[] = [];
  return { a: new End("a", "b", wrong), b: new End("b", "a", wrong), wrong };
}

describe("NodeLinks", () => {
  test("two nodes that hear of each other are up for each other, once", () => {
    const { a, b } = twoEnds();
    calm(a, b);
    expect([a.events, b.events]).toEqual([["up"], ["up"]]);
  });

  test("whoever notices first that something is missing, the other one begins anew, too", () => {
    const { a, b } = twoEnds();
    calm(a, b);
    a.send("b");
    a.outgoing.pop();
    a.send("b");
    calm(a, b);
    expect([a.events, b.events]).toEqual([
      ["up", "down", "up"],
      ["up", "down", "up"],
    ]);
  });

  test("what was lost last of all is missed, too", () => {
    const { a, b } = twoEnds();
    calm(a, b);
    a.send("b");
    a.outgoing.pop();
    calm(a, b);
    expect(b.events).toEqual(["up", "down", "up"]);
  });

  test("who was silent for too long, and never knew, learns that it was down", () => {
    const { a, b } = twoEnds();
    calm(a, b);
    for (let beat = 0; beat <= SILENT_BEATS_MAX; beat += 1) a.links.beat();
    expect(a.events).toEqual(["up", "down"]);
    calm(a, b);
    expect([a.events, b.events]).toEqual([
      ["up", "down", "up"],
      ["up", "down", "up"],
    ]);
  });

  test("another start of a node is another node", () => {
    const { a, b } = twoEnds();
    calm(a, b);
    a.links.alive("b", "b, started again");
    expect(a.events).toEqual(["up", "down"]);
  });

  test("whatever gets lost, each connection carries all from the first on, until it is down on both sides", () => {
    const end = fc.constantFrom("a" as const, "b" as const);
    const step = fc.record({
      of: end,
      does: fc.constantFrom("send", "send", "hear", "hear", "hear", "lose", "beat", "cut"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
        const { a, b, wrong } = twoEnds();
        const ends = { a, b };
        for (const { of, does } of steps) {
          const [own, other] = [ends[of], ends[of === "a" ? "b" : "a"]];
          if (does === "send") own.send(other.name);
          else if (does === "hear") hear(other, own);
          else if (does === "lose") own.outgoing.shift();
          else if (does === "beat") own.beat();
          else own.links.allDown();
        }
        calm(a, b);
        for (const end of [a, b]) end.send(end === a ? "b" : "a");
        calm(a, b);
        expect(wrong).toEqual([]);
        expect([a.isUp, b.isUp]).toEqual([true, true]);
        expect([a.received.length, b.received.length]).toEqual([b.sent, a.sent]);
      }),
      { numRuns: 2_000 },
    );
  });
});
