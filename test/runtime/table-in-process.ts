import { type Pid, type Runtime, type Self, Table, type TableOptions } from "../../runtime/index.ts";
import { runInProcess } from "../../runtime/testing.ts";

export type Pair = readonly [key: unknown, value: number];

/** Runs `body` in a process that has made a table. */
export function withTable<Value>(
  runtime: Runtime,
  options: TableOptions,
  body: (self: Self, table: Table<Pair>) => Value | Promise<Value>,
): Promise<Value> {
  return runInProcess(runtime, (self) => body(self, Table.new<Pair>(self, options)));
}

/** A table whose owner waits, and the owner. */
export async function owned(
  runtime: Runtime,
  options: TableOptions,
): Promise<{ table: Table<Pair>; owner: Pid }> {
  const made = Promise.withResolvers<Table<Pair>>();
  const owner = runtime.spawn((self) => {
    made.resolve(Table.new<Pair>(self, options));
    return self.receive((m) => m === "end");
  });
  return { table: await made.promise, owner };
}
