/** Whether two paths can be asked for by one URL, and if so, which of them Fastify's router prefers. */
export type PathOrder = "apart" | "same" | "first" | "second" | "unclear";

// Phoenix takes the first route that matches, in the order of declaration. Fastify's router (find-my-way) is a tree: it goes from
// part to part and prefers, wherever two paths part, what is fixed to what varies, whichever was declared first.

/** What a part of a path is made of: fixed text before and after what varies, if something does. */
interface Part {
  readonly kind: "fixed" | "mixed" | "param" | "rest";
  readonly before: string;
  readonly after: string;
}

/** How closely a part says what it matches. */
const RANK = { fixed: 3, mixed: 2, param: 1, rest: 0 } as const;

/** Compares paths of routes part by part. */
export function comparePaths(first: string, second: string): PathOrder {
  const [ones, others] = [partsOf(first), partsOf(second)];
  let order: PathOrder = "same";
  for (let index = 0; ; index += 1) {
    const [one, other] = [ones[index], others[index]];
    if (one === undefined && other === undefined) return order;
    if (one === undefined || other === undefined) return "apart";
    const next = compareParts(one, other);
    if (next === "apart") return "apart";
    if (order === "same") order = next;
    if (one.kind === "rest" || other.kind === "rest") return order;
  }
}

function partsOf(path: string): Part[] {
  return path.split("/").slice(1).map(partOf);
}

function partOf(text: string): Part {
  if (text === "*") return { kind: "rest", before: "", after: "" };
  const colon = text.indexOf(":");
  if (colon === -1) return { kind: "fixed", before: text, after: "" };
  if (/^:\w+$/.test(text)) return { kind: "param", before: "", after: "" };
  // Behind the last variable; what a regular expression matches there is not known.
  const after = text.endsWith(")") ? "" : (/[-.][^:]*$/.exec(text)?.[0] ?? "");
  return { kind: "mixed", before: text.slice(0, colon), after };
}

function compareParts(one: Part, other: Part): PathOrder {
  if (!canMeet(one, other)) return "apart";
  if (one.kind !== other.kind) return RANK[one.kind] > RANK[other.kind] ? "first" : "second";
  if (one.kind !== "mixed") return "same";
  if (one.before !== other.before) return one.before.length > other.before.length ? "first" : "second";
  return "unclear";
}

function canMeet(one: Part, other: Part): boolean {
  if (one.kind === "fixed" && other.kind === "fixed") return one.before === other.before;
  if (one.kind === "fixed") return fits(one.before, other);
  if (other.kind === "fixed") return fits(other.before, one);
  return (
    (one.before.startsWith(other.before) || other.before.startsWith(one.before)) &&
    (one.after.endsWith(other.after) || other.after.endsWith(one.after))
  );
}

function fits(text: string, { before, after }: Part): boolean {
  return text.length > before.length + after.length && text.startsWith(before) && text.endsWith(after);
}
