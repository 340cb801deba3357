import {
  type CallbackMode,
  GenStatem,
  initialState,
  type InitialState,
  keepState,
  nextState,
  type StatemResult,
} from "../../../runtime/index.ts";

/** A machine whose states are functions; with `isStubborn` it outlives exit signals. */
export class Door extends GenStatem<"closed" | "open", number> {
  override callbackMode(): CallbackMode {
    return "state_functions";
  }

  init(isStubborn: boolean): InitialState<"closed" | "open", number> {
    this.self.trapExit(isStubborn);
    return initialState("closed", 0);
  }

  closed(): StatemResult<"closed" | "open"> {
    this.count();
    return nextState("open");
  }

  open(): StatemResult<"closed" | "open"> {
    this.count();
    return keepState();
  }

  count(): void {
    this.data += 1;
  }
}
