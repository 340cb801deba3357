/**
 * Which server has which registered name, for the compiler only: what is declared here, once, makes calls, casts, messages and
 * starts under that name checked. A name that is not declared may be anybody's.
 *
 * @example
 * ```ts
 * declare module "rookery" {
 *   interface RegisteredNames {
 *     counter: Counter;
 *   }
 * }
 * await runtime.call("counter", { add: 5 });
 * ```
 */
export interface RegisteredNames {}
