import type { InitResult, ServerInstance } from "../runtime/index.ts";
import { Supervisor } from "./supervisor.ts";
import type { SupervisorOptions } from "./supervisor-options.ts";

/**
 * A Supervisor whose class says what it runs, for an argument of its own: Elixir's module-based supervisor. Where the argument is plain
 * data and the class names its module, the tree can be started on any shard.
 * @example
 * ```ts doctest
 * class Cell extends GenServer<number, "get"> {
 *   init(value: number) { return ok(value); }
 *   handleCall() { return reply(this.state); }
 * }
 * class Cells extends ModuleSupervisor<{ values: number[] }> {
 *   override init({ values }: { values: number[] }) {
 *     const children = values.map((value) => child(Cell, value, { id: value }));
 *     return super.init({ strategy: "one_for_one", children });
 *   }
 * }
 * const cells = await runtime.start(Cells, { values: [1, 2] });
 * await Supervisor.countChildren(runtime, cells); // => { specs: 2, active: 2, supervisors: 0, workers: 2 }
 * ```
 */
export abstract class ModuleSupervisor<Arg> extends Supervisor {
  /** Hand the options of the tree to `super.init`. */
  override init<Servers extends readonly ServerInstance[]>(
    arg: Arg | SupervisorOptions<Servers>,
  ): Promise<InitResult<Supervisor["state"]>> {
    return super.init(arg as SupervisorOptions);
  }
}
