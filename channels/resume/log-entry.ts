/** What a log keeps of a broadcast. It crosses to other shards and into databases as it is. */
export interface LogEntry {
  readonly topic: string;
  /** 1, 2, 3, … within a topic and an epoch. */
  readonly offset: number;
  readonly event: string;
  /** The JSON of an object, or bytes. */
  readonly payload: string | Uint8Array;
  /** Which client it came from, if that is not to get it: the id of its resumption. */
  readonly origin: string | null;
  /** When it was logged, on the system's clock. */
  readonly atMs: number;
}

/** What an entry takes up besides its payload. */
const ENTRY_BYTES = 64;

/** How many bytes an entry counts for whose payload has so many. */
export function entryBytes(payloadBytes: number): number {
  return ENTRY_BYTES + payloadBytes;
}
