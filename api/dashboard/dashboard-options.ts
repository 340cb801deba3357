import { createHash, timingSafeEqual } from "node:crypto";
import type { CheckOrigin } from "../../channels/index.ts";
import { apiError } from "../errors.ts";
import { type ChaosKit, missingInKit } from "./chaos-kit.ts";

const TOKEN_BYTES_MIN = 20;

/** What the dashboard is started with. */
export interface DashboardOptions {
  /** Whoever knows it may see everything and kill everybody: at least 20 bytes. */
  readonly token: string;
  /** Which pages may open its socket. Default: those of the endpoint's own host. */
  readonly checkOrigin?: CheckOrigin;
  /** With `await import("rookery/testing")`, whoever knows the token may also bring faults over the whole runtime. Default: nobody may. */
  readonly chaos?: ChaosKit | undefined;
}

/** Throws `ROOKERY_ENDPOINT_OPTION`. */
export function checkDashboardOptions(options: DashboardOptions): void {
  const { token, checkOrigin: _checked, chaos, ...unknown } = options;
  for (const key of Object.keys(unknown)) refuse("only known names in dashboard", key);
  if (typeof token !== "string" || Buffer.byteLength(token) < TOKEN_BYTES_MIN)
    refuse(
      `a token of at least ${TOKEN_BYTES_MIN} bytes for the dashboard`,
      typeof token === "string" ? "a shorter one" : typeof token,
    );
  const missing = chaos === undefined ? undefined : missingInKit(chaos);
  if (missing !== undefined)
    refuse("rookery/testing as chaos for the dashboard", `something without ${missing}`);
}

/** Whether it is the token; takes the same time for any that is not. */
export function isToken({ token }: DashboardOptions, given: unknown): boolean {
  return typeof given === "string" && timingSafeEqual(digest(given), digest(token));
}

/** Of one length, so that they can be compared whatever their length. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function refuse(expected: string, got: unknown): never {
  throw apiError("ROOKERY_ENDPOINT_OPTION", expected, got);
}
