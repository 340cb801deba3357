/** How the clients of a mount are sent away before the server ends. Among several shards, each does its part of a batch. */
export interface DrainerOptions {
  /** So many clients are sent away at once: all of them come back somewhere at the same time. 10,000 if left out. */
  readonly batchSize?: number;
  /** In milliseconds, from one batch to the next. 2,000 if left out. */
  readonly batchInterval?: number;
  /**
   * In milliseconds: each client of a batch is sent away at some moment within so long, so that those of several servers that end
   * together don't come back together. 0, all at once, if left out.
   */
  readonly jitter?: number;
  /** In milliseconds: who is still there is closed then with the rest. 30,000 if left out. */
  readonly shutdown?: number;
}

/** For the drainer to end by itself. */
const MARGIN_MS = 1_000;

const DEFAULTS: Required<DrainerOptions> = {
  batchSize: 10_000,
  batchInterval: 2_000,
  jitter: 0,
  shutdown: 30_000,
};

/** How the clients of a mount are drained; undefined if they are not. */
export function completeDrainerOptions(
  drainer: DrainerOptions | boolean = true,
): Required<DrainerOptions> | undefined {
  if (drainer === false) return undefined;
  return drainer === true ? DEFAULTS : { ...DEFAULTS, ...drainer };
}

/** What is wrong with the options of a drainer, if anything: what was expected, and what came. */
export function drainerFault(
  drainer: DrainerOptions | boolean,
): readonly [expected: string, got: unknown] | undefined {
  if (typeof drainer === "boolean") return undefined;
  if (typeof drainer !== "object" || drainer === null) return ["options or false", drainer];
  for (const name of Object.keys(drainer))
    if (!Object.hasOwn(DEFAULTS, name)) return ["only known options", name];
  const { batchSize, batchInterval, jitter, shutdown } = { ...DEFAULTS, ...drainer };
  if (!Number.isInteger(batchSize) || batchSize < 1) return ["a batchSize of at least 1", batchSize];
  for (const [name, value] of Object.entries({ batchInterval, jitter, shutdown }))
    if (!(Number.isFinite(value) && value >= 0)) return [`a ${name} of at least 0`, value];
  return undefined;
}

/** When the patience of the supervisor of a drainer ends: after the delay and the last of its mounts. */
export function drainShutdownMs(
  drainDelayMs: number,
  drainers: readonly (DrainerOptions | boolean | undefined)[],
): number {
  const shutdowns = drainers.map((drainer) => completeDrainerOptions(drainer)?.shutdown ?? 0);
  return drainDelayMs + Math.max(0, ...shutdowns) + MARGIN_MS;
}
