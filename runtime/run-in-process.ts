import { expectFunction } from "./argument.ts";
import { resolveOrigin } from "./origin.ts";
import type { Runtime } from "./runtime.ts";
import type { Self } from "./self.ts";

/** Runs `body` in a process of `runtime` and answers what it answers; what it throws is thrown here, too. */
export function runInProcess<Value>(
  runtime: Runtime,
  body: (self: Self) => Value | Promise<Value>,
): Promise<Value> {
  expectFunction("to run in a process", body);
  resolveOrigin(runtime);
  return new Promise((resolve, reject) => {
    runtime.spawn(async (self) => {
      try {
        resolve(await body(self));
      } catch (error) {
        reject(error);
      }
    });
  });
}
