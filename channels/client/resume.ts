/** What of a channel of the `phoenix` client is needed. */
export interface PhoenixChannel {
  onMessage(event: string, payload: unknown, ref: unknown): unknown;
}

/** What of its socket. */
export interface PhoenixSocket<C extends PhoenixChannel> {
  channel(topic: string, params: () => object): C;
}

/**
 * Where a client stands in the log of a topic. Plain data: it can be kept in sessionStorage for a page that is loaded again. The `id`
 * is one client: two that go on from the same position, as a tab and its duplicate, don't hear what the other sends with `broadcastFrom`.
 */
export interface ResumePosition {
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
}

/** What a channel joins with, from where it goes on, and who is told whether it could. */
export interface ResumableOptions {
  /** Of the join, beside `resume`. */
  readonly params?: object;
  /** Of before. Without it, the channel begins with what comes. */
  readonly position?: ResumePosition;
  /**
   * Called with each reply to a join, before the events that were missed: `resumed` says that all of them come. If not, what
   * is shown may have gaps: fetch it again.
   */
  readonly onJoin?: (resumed: boolean) => void;
}

/**
 * A channel of phoenix.js that resumes: what `resumable` makes. `position` is how far it has come, undefined as long as no join has
 * said: kept somewhere, it lets a page that is loaded again go on from there.
 */
export interface Resumable<C extends PhoenixChannel> {
  readonly channel: C;
  readonly position: ResumePosition | undefined;
}

/** As the server calls it: the key in payloads, and the event that has the offset of bytes, or of what the client has sent itself. */
const RESUME_OFFSET = "resume_offset";

/**
 * Makes a channel of the unmodified `phoenix` client that gets what it missed when it joins again: after a lost connection, a crash,
 * a restart of the server. Use the channel as any other; its handlers see the payloads that were broadcast.
 *
 * ```ts
 * const room = resumable(socket, "room:1", { onJoin: (resumed) => resumed || reload() });
 * room.channel.on("message:new", show);
 * room.channel.join();
 * ```
 */
export function resumable<C extends PhoenixChannel>(
  socket: PhoenixSocket<C>,
  topic: string,
  { params = {}, position: before, onJoin = () => {} }: ResumableOptions = {},
): Resumable<C> {
  let position = before;
  let announced: number | undefined;
  const channel = socket.channel(topic, () => ({ ...params, resume: position ?? true }));
  const advance = (offset: number): void => {
    if (position !== undefined) position = { ...position, offset };
  };
  channel.onMessage = (event, payload) => {
    if (event === "phx_reply") {
      const joined = joinedOf(payload);
      if (joined === undefined) return payload;
      const { resumed, ...now } = joined;
      // Its bytes were lost with the connection: they come again, behind their offset, or not at all.
      announced = undefined;
      // The offset of the reply is where the log stands, which is further than what has come yet.
      if (!resumed) position = now;
      onJoin(resumed);
      return payload;
    }
    if (event === RESUME_OFFSET && Object.hasOwn(payload as object, "offset")) {
      announced = (payload as { readonly offset: number }).offset;
      return payload;
    }
    if (payload instanceof ArrayBuffer) {
      if (announced !== undefined) advance(announced);
      announced = undefined;
      return payload;
    }
    if (typeof payload !== "object" || payload === null || !Object.hasOwn(payload, RESUME_OFFSET))
      return payload;
    const { [RESUME_OFFSET]: offset, ...own } = payload as { readonly [RESUME_OFFSET]: number };
    advance(offset);
    return own;
  };
  return {
    channel,
    get position() {
      return position;
    },
  };
}

/** What the reply to a join says of the log; undefined for other replies. */
function joinedOf(payload: unknown): (ResumePosition & { readonly resumed: boolean }) | undefined {
  const { status, response } = payload as {
    readonly status?: unknown;
    readonly response?: { readonly resume?: Partial<ResumePosition & { readonly resumed: boolean }> } | null;
  };
  if (status !== "ok" || typeof response !== "object") return undefined;
  const { resumed, epoch, offset, id } = response?.resume ?? {};
  if (typeof resumed !== "boolean" || typeof epoch !== "string") return undefined;
  return typeof offset === "number" && typeof id === "string" ? { resumed, epoch, offset, id } : undefined;
}
