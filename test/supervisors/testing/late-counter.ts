import { Counter } from "./counter.ts";

/** For the one test that has to see its module being loaded for the first time. */
export class LateCounter extends Counter {
  static override readonly module: string = import.meta.url;
}
