import type { z } from "zod";
import { apiError } from "./errors.ts";
import { isSecretName } from "../channels/internal.ts";

/** Of a value that is malformed, so much is shown: it may be a whole file that got there by mistake. */
const SHOWN_LENGTH_MAX = 100;
/** The names of addresses, which may have a password in them, and of keys. */
const HIDDEN_NAME = /(?:^|_)(?:URL|URI|DSN|KEY|CREDENTIALS)$/i;

/**
 * Reads a program's settings from the environment, once, through a zod schema whose keys are the names of the variables.
 * An empty variable counts as missing. Throws `ROOKERY_SETTINGS`, one sentence about everything that is missing
 * or malformed, for a program to print before it exits; it never shows the value of a secret.
 *
 * ```ts
 * const schema = z.object({ HOST: z.string().default("127.0.0.1"), PORT: z.coerce.number().int().default(4000) });
 * readSettings(schema, { PORT: "80", HOST: "" }); // => { HOST: "127.0.0.1", PORT: 80 }
 * ```
 */
export function readSettings<Settings extends object>(
  schema: z.ZodType<Settings>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Settings> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const result = schema.safeParse(given);
  if (result.success) return Object.freeze(result.data);
  const problems = result.error.issues.map(({ path, message, code }) => {
    const name = path.join(".");
    const value = given[name];
    // A check that compares settings may refuse the default of one.
    if (value === undefined && code === "invalid_type") return `${name} is missing`;
    const hidden = value === undefined || isSecretName(name) || HIDDEN_NAME.test(name);
    const came = hidden ? "" : ` (${JSON.stringify(shortened(value))})`;
    return `${name}${came} is malformed: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  });
  throw apiError("ROOKERY_SETTINGS", problems.join("; "));
}

function shortened(value: string): string {
  return value.length > SHOWN_LENGTH_MAX ? `${value.slice(0, SHOWN_LENGTH_MAX)}…` : value;
}
