import { GenServer, ok } from "../../runtime/index.ts";
import { child, type ChildSpec } from "../../supervisors/index.ts";

class Cell extends GenServer<number> {
  init(value: number) {
    return ok(value);
  }
}

child(Cell, 7) satisfies ChildSpec;
child(Cell, 7, { restart: "transient" });

// @ts-expect-error: init takes a number
child(Cell, "seven");
// @ts-expect-error: there is no such restart type
child(Cell, 7, { restart: "always" });
// @ts-expect-error: a misspelled key
child(Cell, 7, { restrat: "permanent" });

// @ts-expect-error: a child has an id
({ start: [Cell, 7] }) satisfies ChildSpec;
// @ts-expect-error: no class of servers
({ id: "map", start: [Map] }) satisfies ChildSpec;
