import { availableParallelism, hostname } from "node:os";
import type { HeartOptions } from "rookery";
import { readSettings } from "rookery/api";
import type { CheckOrigin, RedisOptions } from "rookery/channels";
import { z } from "zod";

const PORT_MAX = 65_535;
const SHARDS_MAX = 64;
const DELAY_MS_MAX = 60_000;
const STOP_MS_MAX = 600_000;
const SECRET_LENGTH_MIN = 32;
const DASHBOARD_TOKEN_LENGTH_MIN = 20;
/** Whoever reads this file can sign in as anybody: good enough for trying the demo out, and for nothing else. */
const DEVELOPMENT_SECRET = "development only: anybody can read this secret";

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly databasePath: string;
  /** The PostgreSQL that there is instead of the file. */
  readonly databaseUrl?: string;
  readonly secretKeyBase: string;
  /** Which pages may open sockets. */
  readonly checkOrigin: CheckOrigin;
  /** On so many threads the demo runs. */
  readonly shards: number;
  /** For how long a stop only says that it is coming, for load balancers to notice. */
  readonly drainDelayMs: number;
  /** How long a stop may take as a whole. */
  readonly stopMs: number;
  /** Connects this server with others: what is said on one is heard on all. */
  readonly redis?: RedisOptions;
  /** Who knows it may look at all that goes on, at `/dashboard`; nobody may without. */
  readonly dashboardToken?: string;
  /** Whether who may look may also let faults loose on all of it. */
  readonly dashboardChaos?: boolean;
  /** Whether the program ends when its first shard moves no more, and what starts it again then, if not who has started it. */
  readonly heart: boolean | HeartOptions;
  /** The lowest level of what is logged. */
  readonly logLevel: string;
}

const port = z
  .string()
  .refine(
    (text) => /^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX,
    `must be a port from 0 to ${PORT_MAX}`,
  )
  .transform(Number);

function milliseconds(max: number): z.ZodType<number, string> {
  return z
    .string()
    .refine((text) => /^\d{1,7}$/.test(text) && Number(text) <= max, `must be milliseconds from 0 to ${max}`)
    .transform(Number);
}

/** On how many threads to run: one for each core, unless the environment says otherwise. */
export const shards: z.ZodType<number, string | undefined> = z
  .string()
  .refine(
    (text) => /^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= SHARDS_MAX,
    `must be a number of shards from 1 to ${SHARDS_MAX}`,
  )
  .transform(Number)
  .default(() => Math.min(SHARDS_MAX, availableParallelism()));

/** Whether the program has a heart, and what starts it again, where nobody else does. */
export const heartSettings: {
  readonly HEART: z.ZodType<"true" | "false", string | undefined>;
  readonly HEART_COMMAND: z.ZodType<string | undefined, string | undefined>;
} = {
  HEART: z.enum(["true", "false"]).default("true"),
  HEART_COMMAND: z
    .string()
    .refine((line) => line.trim() !== "", "must be a line for sh")
    .optional(),
};

export function heartOf(settings: {
  readonly HEART: "true" | "false";
  readonly HEART_COMMAND?: string | undefined;
}): boolean | HeartOptions {
  const { HEART: heart, HEART_COMMAND: command } = settings;
  return heart === "true" && command !== undefined ? { command } : heart === "true";
}

/** The Redis that connects servers, and what this one is called among them. */
export const redis: z.ZodType<RedisOptions | undefined, string | undefined> = z
  .url({ protocol: /^rediss?$/, error: "must be a URL such as redis://127.0.0.1:6379" })
  .transform((url) => ({ url, node: `rookery-${process.pid}@${hostname()}` }))
  .optional();

const databasePath = z
  .string()
  .refine((path) => path.trim() !== "" && path.trim() !== ":memory:", "must be the path of a file");

const checkOrigin = z
  .string()
  .transform((text) => text.split(",").map((origin) => origin.trim()))
  .refine(
    (origins) =>
      isSwitch(origins) || origins.every((origin) => /^([a-z][a-z\d+.-]*:)?\/\/[^\s/?#]+$/i.test(origin)),
    "must be true, false or origins such as https://example.com and //*.example.com, separated by commas",
  )
  .transform((origins): CheckOrigin => (isSwitch(origins) ? origins[0] === "true" : origins));

const databaseUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: "must be a URL such as postgres://user@localhost/demo",
});

/** Empty is as if it were not set. */
const dashboardToken = z
  .string()
  .refine(
    (text) => text === "" || text.length >= DASHBOARD_TOKEN_LENGTH_MIN,
    `must have at least ${DASHBOARD_TOKEN_LENGTH_MIN} characters`,
  )
  .transform((text) => (text === "" ? undefined : text))
  .optional();

function isSwitch(origins: readonly string[]): boolean {
  return origins.length === 1 && (origins[0] === "true" || origins[0] === "false");
}

/** Reads the settings of the demo from the environment. Throws one sentence about all that is missing or malformed. */
export function demoSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const secret = z.string().min(SECRET_LENGTH_MIN, `must have at least ${SECRET_LENGTH_MIN} characters`);
  const schema = z.object({
    // A misspelled one would quietly mean the secret that everybody can read.
    NODE_ENV: z.enum(["development", "test", "production"]).default("development"),
    HOST: z.string().default("127.0.0.1"),
    PORT: port.default(4000),
    DATABASE_PATH: databasePath.default("./data/demo.db"),
    DATABASE_URL: databaseUrl.optional(),
    SECRET_KEY_BASE: env["NODE_ENV"] === "production" ? secret : secret.default(DEVELOPMENT_SECRET),
    CHECK_ORIGIN: checkOrigin.default(true),
    SHARDS: shards,
    DRAIN_DELAY_MS: milliseconds(DELAY_MS_MAX).default(0),
    STOP_MS: milliseconds(STOP_MS_MAX).default(60_000),
    REDIS_URL: redis,
    DASHBOARD_TOKEN: dashboardToken,
    DASHBOARD_CHAOS: z.enum(["true", "false"]).default("false"),
    ...heartSettings,
    LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  });
  const settings = readSettings(schema, env);
  return {
    host: settings.HOST,
    port: settings.PORT,
    databasePath: settings.DATABASE_PATH,
    ...(settings.DATABASE_URL === undefined ? {} : { databaseUrl: settings.DATABASE_URL }),
    secretKeyBase: settings.SECRET_KEY_BASE,
    checkOrigin: settings.CHECK_ORIGIN,
    shards: settings.SHARDS,
    drainDelayMs: settings.DRAIN_DELAY_MS,
    stopMs: settings.STOP_MS,
    ...(settings.REDIS_URL === undefined ? {} : { redis: settings.REDIS_URL }),
    ...(settings.DASHBOARD_TOKEN === undefined ? {} : { dashboardToken: settings.DASHBOARD_TOKEN }),
    ...(settings.DASHBOARD_CHAOS === "true" ? { dashboardChaos: true } : {}),
    heart: heartOf(settings),
    logLevel: settings.LOG_LEVEL,
  };
}
