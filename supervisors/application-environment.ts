import type { Runtime } from "../runtime/index.ts";
import { expectOrigin, type Origin } from "../runtime/internal.ts";

/** By the name of the application, then by key. */
const environments = new WeakMap<Runtime, Map<string, Map<string, unknown>>>();

/** The environment of an application, as the runtime of `from` keeps it. */
export function environmentOf(from: Origin, application: string): Map<string, unknown> {
  expectOrigin(from);
  const runtime = "pid" in from ? from.runtime : from;
  let applications = environments.get(runtime);
  if (applications === undefined) environments.set(runtime, (applications = new Map()));
  let environment = applications.get(application);
  if (environment === undefined) applications.set(application, (environment = new Map()));
  return environment;
}
