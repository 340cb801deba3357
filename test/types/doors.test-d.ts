// No door lets an `any` through: neither one that is written (the linter finds those) nor one that a library brings along.
import type * as rookery from "rookery";
import type * as api from "rookery/api";
import type * as apiTesting from "rookery/api/testing";
import type * as channels from "rookery/channels";
import type * as client from "rookery/client";
import type * as testing from "rookery/testing";

type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether this is `any`, or a promise, a list or a stream of it. */
type IsLeak<T> =
  IsAny<T> extends true
    ? true
    : T extends Promise<infer V> | readonly (infer V)[] | AsyncIterable<infer V>
      ? IsAny<V>
      : false;

/** Whether this is a leak, or a function that takes or answers one. */
type Leaks<T> =
  true extends IsLeak<T>
    ? true
    : T extends (...args: infer Args) => infer Result
      ? true extends IsLeak<Args[number]> | IsLeak<Result>
        ? true
        : false
      : false;

/** The members that leak. What a class has from `Error` is not ours. */
type LeakingMembers<T> = {
  [Key in keyof T]-?: Key extends keyof ErrorConstructor ? never : Leaks<T[Key]> extends true ? Key : never;
}[keyof T];

type InstanceOf<Class> = Class extends abstract new (...args: never[]) => infer Instance ? Instance : object;

/** The names of a door that leak, as values, functions, or classes with their instances; true if there are none. */
type Tight<Door> = {
  [Name in keyof Door]: Leaks<Door[Name]> extends true
    ? Name
    : Door[Name] extends object
      ? `${string & Name}.${string & (LeakingMembers<Door[Name]> | LeakingMembers<InstanceOf<Door[Name]>>)}`
      : never;
}[keyof Door] extends infer Names
  ? [Names] extends [never]
    ? true
    : Names
  : never;

true satisfies Tight<typeof rookery>;
true satisfies Tight<typeof channels>;
true satisfies Tight<typeof api>;
true satisfies Tight<typeof apiTesting>;
true satisfies Tight<typeof client>;
true satisfies Tight<typeof testing>;

type Any = ReturnType<typeof JSON.parse>;

declare class Leaky {
  readonly value: Any;
  read(): Promise<Any>;
  static of(values: Any[]): Leaky;
}

"parse" satisfies Tight<{ parse: typeof JSON.parse; print(value: unknown): string }>;
"Leaky.value" satisfies Tight<{ Leaky: typeof Leaky }>;
"Leaky.read" satisfies Tight<{ Leaky: typeof Leaky }>;
"Leaky.of" satisfies Tight<{ Leaky: typeof Leaky }>;
// @ts-expect-error -- a door that leaks is found
true satisfies Tight<{ parse: typeof JSON.parse }>;
// @ts-expect-error -- so is one whose class does
true satisfies Tight<{ Leaky: typeof Leaky }>;
true satisfies Tight<{
  print(value: unknown): string;
  readonly limit: number;
  readonly Ref: typeof rookery.Ref;
}>;
