/** How the callbacks of a GenStatem are called: `callback_mode/0` of `gen_statem`. */
export type CallbackMode =
  | "handle_event_function"
  | "state_functions"
  | readonly ("handle_event_function" | "state_functions" | "state_enter")[];

/** The mode in full; undefined if `mode` is none. */
export function completeCallbackMode(
  mode: unknown,
): { readonly stateFunctions: boolean; readonly stateEnter: boolean } | undefined {
  let stateFunctions: boolean | undefined;
  let stateEnter = false;
  for (const part of Array.isArray(mode) ? (mode as unknown[]) : [mode]) {
    if (part === "state_enter") stateEnter = true;
    else if (part === "state_functions" || part === "handle_event_function")
      stateFunctions = part === "state_functions";
    else return undefined;
  }
  return stateFunctions === undefined ? undefined : { stateFunctions, stateEnter };
}

/** Methods of every GenStatem, which are no functions of a state, whatever it is called. */
export const NO_STATES: ReadonlySet<unknown> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  "behaviour",
  "init",
  "callbackMode",
  "handleEvent",
  "terminate",
  "formatStatus",
  "codeChange",
]);
