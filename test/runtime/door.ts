import {
  type CallbackMode,
  GenStatem,
  type InitialState,
  initialState,
  keepState,
  nextState,
  replyTo,
  type StatemEvent,
  type StatemResult,
  type StateFunctions,
} from "../../runtime/index.ts";

export type DoorState = "locked" | "open";
export type DoorEvent = StatemEvent<DoorState, "code", string, unknown, string>;

/** A machine as users write it: a method for each state, everything typed. */
export class Door
  extends GenStatem<DoorState, { code: string }, "code", string, unknown, string>
  implements StateFunctions<DoorState, "code", string, unknown, string>
{
  override callbackMode(): CallbackMode {
    return ["state_functions", "state_enter"];
  }
  init(data: { code: string }): InitialState<DoorState, { code: string }> {
    return initialState("locked", data);
  }
  locked(event: DoorEvent): StatemResult<DoorState> {
    if (event.type === "call") return keepState(replyTo(event.from, this.data.code));
    return event.type === "cast" && event.content === this.data.code ? nextState("open") : keepState();
  }
  open(event: DoorEvent): StatemResult<DoorState> {
    return event.type === "stateTimeout" ? nextState("locked") : keepState();
  }
}
