import type { Candidate } from "./candidate.ts";

/**
 * Who lives below a process, in any order: each by its name or, without one, by its behaviour; with those below it if there are any.
 * `["orders", { workers: ["Worker", "Worker"] }]`
 */
export type TreeShape = readonly (string | { readonly [above: string]: TreeShape })[];

/** What lives below the process with that name or id. */
export function shapeBelow(processes: readonly Candidate[], above: string): TreeShape {
  return processes
    .filter(({ ancestors }) => ancestors[0] === above)
    .map(({ id, name, behaviour }) => {
      const below = shapeBelow(processes, name ?? id);
      return below.length === 0 ? (name ?? behaviour) : { [name ?? behaviour]: below };
    });
}

/** As a text that is the same for the same shape, in whichever order it is given. */
export function shapeText(shape: TreeShape): string {
  const texts = shape.map((node) =>
    typeof node === "string"
      ? node
      : Object.entries(node)
          .map(([above, below]) => `${above}${shapeText(below)}`)
          .join(", "),
  );
  return `[${texts.sort().join(", ")}]`;
}

/** Whether it is a shape at all: the options of an assertion, in its place, are none. */
export function isTreeShape(shape: unknown): shape is TreeShape {
  return Array.isArray(shape) && shape.every(isNode);
}

function isNode(node: unknown): boolean {
  if (typeof node === "string") return true;
  return typeof node === "object" && node !== null && Object.values(node).every(isTreeShape);
}
