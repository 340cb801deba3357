import { runtimeError } from "../errors.ts";

/** The process that has a name on a node: `{Name, Node}`. A destination for calls, casts, messages and monitors. */
export interface NodeName {
  readonly name: string;
  readonly node: string;
}

/** The name of a runtime that has not been given one. */
export const NO_NODE = "nonode@nohost";

const NAME_LENGTH_MAX = 255;

export function isNodeName(dest: unknown): dest is NodeName {
  if (typeof dest !== "object" || dest === null) return false;
  const { name, node } = dest as Partial<Record<keyof NodeName, unknown>>;
  return typeof name === "string" && typeof node === "string";
}

/** Throws ROOKERY_BADARG for what can't be the name of a node. */
export function expectNode(node: unknown): asserts node is string {
  if (typeof node !== "string" || node.length > NAME_LENGTH_MAX || !/^[^@\s\0]+@[^@\s\0]+$/.test(node))
    throw runtimeError("ROOKERY_BADARG", "the name of a node, as in name@host", node);
}
