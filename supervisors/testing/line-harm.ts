import type { Runtime } from "../../runtime/index.ts";
import { placeOf, STOP, SYSTEM } from "../../runtime/internal.ts";

/** What is done to the line from one shard to another, as it can be told to the shard that sends. */
export interface LineHarm {
  readonly kind: "delay" | "drop";
  /** The place of the other shard. */
  readonly to: number;
  readonly ms: number;
  /** `drop`: the processes there that get nothing meanwhile. */
  readonly receivers: readonly number[];
}

/** What this module uses of a peer. While it is harmed its methods have others in front of them, so that it costs nothing otherwise. */
interface Line {
  readonly hasInput: boolean;
  readonly number: number;
  flush(): void;
  sendRequest(id: number, tag: unknown, message: unknown): void;
  sendContext(id: number, context: unknown): void;
}

/** What is done to a line at the moment: harms may overlap. */
interface Harmed {
  delays: number;
  readonly lost: Set<(id: number) => boolean>;
}

const harmed = new WeakMap<Line, Harmed>();

/** Does it to a line that begins at the shard of `runtime`. */
export function harmLine(runtime: Runtime, { kind, to, ms, receivers }: LineHarm): void {
  for (const peer of runtime.shard.interconnect?.peers ?? []) {
    if (placeOf(peer.number) !== to) continue;
    if (kind === "delay") delayLine(runtime, peer as Line, ms);
    else dropOn(runtime, peer as Line, ms, (id) => receivers.includes(id));
  }
}

/** All that is sent on the line, in its order, waits, as if the other side made no room. */
function delayLine(runtime: Runtime, line: Line, ms: number): void {
  const now = harmedLine(line);
  now.delays += 1;
  if (now.delays === 1) {
    line.flush();
    Object.defineProperty(line, "flush", { configurable: true, value: () => {} });
    Object.defineProperty(line, "hasWork", { configurable: true, get: () => line.hasInput });
  }
  runtime.clock.setTimer(ms, () => {
    now.delays -= 1;
    if (now.delays > 0) return;
    for (const own of ["flush", "hasWork"]) Reflect.deleteProperty(line, own);
    runtime.shard.scheduler.want();
  });
}

/** Messages, casts and calls to those processes are lost; what the runtime itself says of processes never is. */
export function dropOn(runtime: Runtime, line: Line, ms: number, isLost: (id: number) => boolean): void {
  const { lost } = harmedLine(line);
  lost.add(isLost);
  if (lost.size === 1) {
    const send = line.sendRequest.bind(line);
    const value: Line["sendRequest"] = (id, tag, message) => {
      const isOwn = tag === STOP || tag === SYSTEM;
      if (isOwn || ![...lost].some((loses) => loses(id))) send(id, tag, message);
      // What was said before of the message that is lost must not be believed of the next one.
      else line.sendContext(id, undefined);
    };
    Object.defineProperty(line, "sendRequest", { configurable: true, value });
  }
  runtime.clock.setTimer(ms, () => {
    lost.delete(isLost);
    if (lost.size === 0) Reflect.deleteProperty(line, "sendRequest");
  });
}

/** The same for all processes of another node, as far as this shard knows lines there, and for names there. */
export function dropToNode(runtime: Runtime, node: string, ms: number): void {
  const nodes = runtime.shard.outside?.nodes;
  if (nodes === undefined) return;
  for (const peer of nodes.peersOf(node)) dropOn(runtime, peer as Line, ms, () => true);
  const named = nodes.named.bind(nodes);
  const value: typeof named = (dest) => {
    const found = named(dest);
    if (found !== undefined && dest.node === node) loseAll(found);
    return found;
  };
  Object.defineProperty(nodes, "named", { configurable: true, value });
  runtime.clock.setTimer(ms, () => {
    if (nodes.named === value) Reflect.deleteProperty(nodes, "named");
  });
}

/** It stands for one signal: only that is lost. */
function loseAll(name: { deliver(tag: unknown, message: unknown): void }): void {
  const deliver = name.deliver.bind(name);
  name.deliver = (tag, message) => {
    if (tag === STOP || tag === SYSTEM) deliver(tag, message);
  };
}

function harmedLine(line: Line): Harmed {
  let found = harmed.get(line);
  if (found === undefined) harmed.set(line, (found = { delays: 0, lost: new Set() }));
  return found;
}
