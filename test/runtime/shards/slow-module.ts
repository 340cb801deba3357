import { GenServer, ok, type Ok } from "../../../runtime/index.ts";

/** So long it takes to load this module, without a break, on any shard but the first. */
export const LOAD_MS = 1_200;

if (process.env["SLOW_MODULE"] === "1") {
  const endMs = performance.now() + LOAD_MS;
  while (performance.now() < endMs);
}

export class SlowServer extends GenServer<undefined> {
  static override readonly module: string = import.meta.url;

  init(): Ok<undefined> {
    return ok(undefined);
  }
}
