import { channelsError } from "../errors.ts";
import type { MessageRef } from "../message.ts";

/**
 * What a channel class says about its log: `static readonly resume = { log: "demo.log", events: ["message:new"] }`. Clients that say
 * nothing of it get the frames that they always got. Others say so when they join, in the payload (`resumable` of `rookery/client`
 * does it for them), and the channel sees the rest of the payload only:
 *
 * ```text
 *   first     {"resume": true}
 *   again     {"resume": {"epoch": "x", "offset": 7, "id": "y"}}                 where it stopped, and who it is
 *   reply     {"resume": {"resumed": true, "epoch": "x", "offset": 9, "id": "y"}, ...}    beside the channel's own
 *   events    {"resume_offset": 8, ...}    what was missed, behind the reply, then what comes; with the join_ref of the join
 * ```
 *
 * With `resumed: true` the client gets each logged event behind its `offset` once, in order, but for those that it has sent itself
 * with `broadcastFrom`: in place of them it gets an event `resume_offset` with `{"resume_offset": 8}`, and goes on from there.
 * With `resumed: false` it gets nothing of what was, and stands where the reply says. A reply that is no object stands under
 * `response`. Bytes come as they are, behind an event `resume_offset` with `{"offset": 8}`.
 */
export interface ResumeOptions {
  /** The name of the TopicLog. */
  readonly log: string;
  /**
   * The events that are logged when they are broadcast. Everything else reaches clients as ever, and is not repeated. Broadcast
   * them to all places: with `local`, clients that resume get them only from the shard of the log, and then on every shard.
   */
  readonly events: readonly string[];
}

/** The same, understood. */
export interface CompleteResume {
  readonly log: string;
  readonly events: ReadonlySet<string>;
  /** What doesn't go straight to a client that resumes: what is intercepted, and what comes by way of the log. */
  readonly notStraight: ReadonlySet<string>;
}

/** Topic, event and join_ref each have a byte for their size where bytes are sent. */
const FIELD_BYTES_MAX = 255;

/** Checks what the class named `channel` says. Throws ROOKERY_RESUME_OPTION. */
export function completeResume(
  resume: ResumeOptions | undefined,
  intercept: readonly string[],
  channel: string,
): CompleteResume | undefined {
  if (resume === undefined) return undefined;
  const refuse = (expected: string, got: unknown): never => {
    throw channelsError("ROOKERY_RESUME_OPTION", expected, channel, got);
  };
  const { log, events, ...unknown } = resume;
  for (const key of Object.keys(unknown)) refuse("only log and events", key);
  if (typeof log !== "string" || log === "") refuse("the name of a TopicLog", log);
  if (!Array.isArray(events) || events.length === 0) refuse("a list of events", events);
  for (const event of events as unknown[]) {
    if (typeof event !== "string" || !fits(event)) refuse("names of events, of at most 255 bytes", event);
    if (intercept.includes(event as string)) refuse("no event that is intercepted", event);
    // Each shard broadcasts presences for itself.
    if (event === "presence_diff") refuse("no presence_diff, which a presence_state stands for", event);
  }
  return { log, events: new Set(events), notStraight: new Set([...intercept, ...events]) };
}

/** Whether a frame of bytes has room for it, and UTF-8 a form: in a database, two topics without one would be the same. */
function fits(field: unknown): boolean {
  const text = typeof field === "number" ? String(field) : field;
  return typeof text === "string" && text.isWellFormed() && Buffer.byteLength(text) <= FIELD_BYTES_MAX;
}

/** The payload of a join as the channel knows it: what is said to the log in it is none of its business. */
export function ownParams(resume: CompleteResume | undefined, payload: unknown): unknown {
  if (resume === undefined || typeof payload !== "object" || payload === null) return payload;
  if (payload instanceof Uint8Array || !Object.hasOwn(payload, "resume")) return payload;
  const { resume: _resume, ...own } = payload as { readonly resume: unknown };
  return own;
}

/** Where a client has stopped. */
export interface Since {
  readonly epoch: string;
  readonly offset: number;
}

/** What a client that resumes has said in the payload of its join. */
export interface ResumeWish {
  /** Undefined for one that has nothing yet, or says nothing that could be understood. */
  readonly since: Since | undefined;
  readonly id: string | undefined;
}

const ID_LENGTH_MAX = 64;

/** What a client wants that joins with this payload; undefined for all who don't know of it. */
export function resumeWish(topic: string, joinRef: MessageRef, payload: unknown): ResumeWish | undefined {
  if (typeof payload !== "object" || payload === null || !Object.hasOwn(payload, "resume")) return undefined;
  const { resume } = payload as { readonly resume: unknown };
  if (resume === false || resume === null || resume === undefined) return undefined;
  // A client chooses both, and need not choose a string as its join_ref.
  if (!fits(topic) || !fits(joinRef ?? "")) return undefined;
  const { epoch, offset, id } = resume as { readonly [key in "epoch" | "offset" | "id"]?: unknown };
  const known = typeof epoch === "string" && Number.isSafeInteger(offset) && (offset as number) >= 0;
  return {
    since: known ? { epoch, offset: offset as number } : undefined,
    id: typeof id === "string" && id !== "" && id.length <= ID_LENGTH_MAX ? id : undefined,
  };
}
