import { isDeepStrictEqual } from "node:util";
import type { ServerClass } from "../../runtime/index.ts";
import type { Candidate } from "./candidate.ts";

/** Whether a process is one of those that are meant. */
export type Target = (candidate: Candidate) => boolean;

/** Those with one of the names. */
export function named(...names: readonly string[]): Target {
  return ({ name }) => name !== undefined && names.includes(name);
}

/** Those that run one of the classes; a name as `info` gives it means the same. */
export function behaving(...behaviours: readonly (ServerClass | string)[]): Target {
  const names = behaviours.map((behaviour) => (typeof behaviour === "string" ? behaviour : behaviour.name));
  return ({ behaviour }) => names.includes(behaviour);
}

/** Those in the subtree of the supervisor with this name, itself left out. */
export function under(supervisor: string): Target {
  return ({ ancestors }) => ancestors.includes(supervisor);
}

/** Those that have given themselves this label, by `Self.setLabel`. */
export function labelled(label: unknown): Target {
  return (candidate) => isDeepStrictEqual(candidate.label, label);
}

/** Those on one of the shards. */
export function onPlace(...places: readonly number[]): Target {
  return ({ place }) => places.includes(place);
}

/** Those that somebody has started, and not the test itself. */
export const supervised: Target = ({ ancestors }) => ancestors.length > 0;
