import type { Runtime, Self } from "rookery";

/** What a fresh process runs to warm up and then to be measured. Answers the figure. */
export type Workload = (runtime: Runtime) => Promise<number>;

/** Runs `body` as a process, as all code of a measurement is, and answers what it returns. */
export function inProcess<Result>(runtime: Runtime, body: (self: Self) => Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    runtime.spawn((self) => body(self).then(resolve, reject));
  });
}
