import { addExtension, Packr, Unpackr } from "msgpackr";
import { DownMessage } from "../down-message.ts";
import { ExitError, RookeryError, StartError } from "../errors.ts";
import { ExitMessage } from "../exit-message.ts";
import { Pid } from "../pid.ts";
import { Ref } from "../ref.ts";
import { VIEWS } from "./binary-views.ts";
import { isCopyableRecord, Uncopyable } from "./uncopyable.ts";

/** What encoding and decoding ask of the shard on whose behalf they run. */
export interface TermHome {
  /** The pid object for a process of any shard: always the same one, so that pids compare with `===`. */
  pidOf(shard: number, id: number, dead: boolean): Pid;
  /** The same for a reference. */
  refOf(shard: number, id: number): Ref;
  /** A pid is about to leave this shard: signals for it may come. */
  exportPid(pid: Pid): void;
  /** A reference is about to leave this shard: it must be found again when it comes back. Answers its shard. */
  exportRef(ref: Ref): number;
  /** Binary data that travels beside the ring, and is taken from there in the order in which it was handed in. */
  handInBinary(bytes: ArrayBuffer): void;
  takeBinary(): ArrayBuffer;
}

// msgpackr knows one set of types for all its users in a thread: the encoding of errors and of binary data changes for others, too,
// once a runtime has several shards.
let home: TermHome | undefined;

/** From now on pids and references are those of `of`. Answers what `leave` is to be given: one may be inside the other. */
export function enter(of: TermHome): TermHome | undefined {
  const before = home;
  home = of;
  return before;
}

export function leave(before: TermHome | undefined): void {
  home = before;
}

/** Binary data from this size on goes beside the ring. */
const APART_BYTES = 65_536;

const TypedArray = Object.getPrototypeOf(Uint8Array) as abstract new () => NodeJS.TypedArray;

const ARRAY_BUFFER = VIEWS.length;
/** Marks the kind of binary data that travels beside the ring. */
const APART = 0x80;

export type ErrorFields = Record<string, unknown> & { name: string; message: string; stack?: string };

const ERROR_CLASSES: ReadonlyMap<string, ErrorConstructor> = new Map(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Class) => [
    Class.name,
    Class,
  ]),
);

addExtension({
  Class: Pid as unknown as new () => Pid,
  type: 1,
  write(pid: Pid) {
    home!.exportPid(pid);
    return pid.process === undefined ? [pid.shard, pid.id, true] : [pid.shard, pid.id];
  },
  read: ([shard, id, dead]: [number, number, true?]) => home!.pidOf(shard, id, dead === true),
});
addExtension({
  Class: Ref,
  type: 2,
  write: (ref: Ref) => [home!.exportRef(ref), ref.id],
  read: ([shard, id]: [number, number]) => home!.refOf(shard, id),
});
addExtension({ Class: Error, type: 3, write: errorFields, read: errorOf });
addExtension({
  Class: ExitMessage,
  type: 4,
  write: ({ pid, reason }: ExitMessage) => [pid, reason],
  read: ([pid, reason]: [Pid, unknown]) => new ExitMessage(pid, reason),
} as never);
addExtension({
  Class: DownMessage,
  type: 5,
  write: ({ type, ref, process, reason }: DownMessage) => [type, ref, process, reason],
  read: (fields: ConstructorParameters<typeof DownMessage>) => new DownMessage(...fields),
} as never);
for (const Class of [TypedArray, DataView, ArrayBuffer]) {
  addExtension({ Class: Class as never, type: 6, pack: packBinary, unpack: unpackBinary } as never);
}

export function errorFields(error: Error): ErrorFields {
  const { name, message, stack } = error;
  const fields: ErrorFields = { ...error, name, message };
  if (error instanceof AggregateError) fields["errors"] = error.errors;
  if (stack !== undefined) fields.stack = stack;
  if (error.cause !== undefined) fields["cause"] = error.cause;
  return fields;
}

export function errorOf({ name, message: said, stack, cause, ...own }: ErrorFields): Error {
  // Both are what somebody assigned. A message that is no text may not become one either, and what throws here costs the shard.
  const message = typeof said === "string" ? said : "";
  let error: Error;
  if (name === "AggregateError") error = new AggregateError([], message);
  else if (name === "ExitError") error = new ExitError(own["code"] as string, message, own["reason"]);
  else if (name === "StartError") error = new StartError(message, own["reason"]);
  else if (name === "RookeryError") error = new RookeryError(own["code"] as string, message);
  else {
    error = new (ERROR_CLASSES.get(name) ?? Error)(message);
    if (error.name !== name) hide(error, "name", name);
  }
  if (message !== said) hide(error, "message", said);
  if (cause !== undefined) hide(error, "cause", cause);
  if (error instanceof AggregateError) {
    hide(error, "errors", own["errors"]);
    delete own["errors"];
  }
  hide(error, "stack", stack);
  return Object.assign(error, own);
}

/** Sets a property that is not enumerable, as the constructors of errors do. */
function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true });
}

/** One byte that tells the kind of view, then the bytes; those that travel beside the ring are not among them. */
function packBinary(value: NodeJS.ArrayBufferView | ArrayBuffer): Uint8Array {
  const isView = ArrayBuffer.isView(value);
  const kind = isView ? VIEWS.findIndex((View) => value.constructor === View) : ARRAY_BUFFER;
  if (kind < 0) throw new Uncopyable("a view of a class of its own");
  const bytes = isView
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
  if (home !== undefined && bytes.length >= APART_BYTES) {
    home.handInBinary(bytes.slice().buffer);
    return Uint8Array.of(kind | APART);
  }
  const packed = new Uint8Array(bytes.length + 1);
  packed[0] = kind;
  packed.set(bytes, 1);
  return packed;
}

function unpackBinary(packed: Uint8Array): NodeJS.ArrayBufferView | ArrayBuffer {
  const kind = packed[0]! & ~APART;
  const apart = (packed[0]! & APART) !== 0;
  const buffer = apart ? home!.takeBinary() : Uint8Array.prototype.slice.call(packed, 1).buffer;
  if (kind === ARRAY_BUFFER) return buffer;
  const View = VIEWS[kind]!;
  return View === Buffer ? Buffer.from(buffer) : new (View as unknown as typeof Uint8Array)(buffer);
}

/** A value in the buffer of its encoder, until that encodes the next one. */
export type Packed = Buffer & { readonly start: number; readonly end: number };

/**
 * An encoder that refuses what can't be copied instead of leaving it out. What a sequential one encodes is decoded in the same order; what
 * another one does stands for itself.
 */
export function newPackr(sequential = true): Packr {
  const packr = new Packr({
    sequential,
    moreTypes: true,
    useToJSON: false,
    // Asked for every object that no type claims.
    useRecords: ((value: object) => isCopyableRecord(value) || refuse()) as never,
  } as never);
  (packr as unknown as { writeFunction: () => never }).writeFunction = refuse;
  return packr;
}

export function newUnpackr(sequential = true): Unpackr {
  return new Unpackr({ sequential, int64AsType: "bigint", mapsAsObjects: false } as never);
}

function refuse(): never {
  throw new Uncopyable("of a class of its own");
}
