import type { Changeset, FieldError, Validation } from "./changeset.ts";

/** What each field has, and each field of the rows that belong to it: `Leaf` by `Leaf`. */
export interface Traversed<Leaf> {
  readonly [field: string]: readonly Leaf[] | Traversed<Leaf> | readonly Traversed<Leaf>[];
}

type Nesting = Partial<Pick<Changeset<object>, "nested">>;
type Refused = Pick<Changeset<object>, "errors"> & Nesting;

/**
 * The messages of each field, the newest error first: what an API answers (`traverse_errors/2`). The errors of rows that
 * belong to it are in there under the name of their association, for several rows a list with an object for each, empty where
 * nothing is wrong. `render` makes the text of an error; without it, each `%{name}` in the message becomes the option of that
 * name.
 * @example
 * ```ts doctest
 * const post = addError(change({}), "title", "should be at least %{count} character(s)", { count: 3 });
 * traverseErrors(post); // => { title: ["should be at least 3 character(s)"] }
 * ```
 */
export function traverseErrors(
  changeset: Refused,
  render: (error: FieldError, changeset: Refused) => string = interpolated,
): Traversed<string> {
  return traverse<Refused, FieldError, string>(changeset, (one) => one.errors, render);
}

/** The rules of each field, as `traverseErrors` shows the errors (`traverse_validations/2`). */
export function traverseValidations<Leaf = Validation>(
  changeset: Changeset<object>,
  render: (validation: Validation, changeset: Changeset<object>) => Leaf = (validation) => validation as Leaf,
): Traversed<Leaf> {
  return traverse<Changeset<object>, Validation, Leaf>(changeset, (one) => one.validations, render);
}

function traverse<Node extends Nesting, Item extends { readonly field: string }, Leaf>(
  changeset: Node,
  itemsOf: (changeset: Node) => readonly Item[],
  render: (item: Item, changeset: Node) => Leaf,
): Traversed<Leaf> {
  const items = Map.groupBy(itemsOf(changeset), ({ field }) => field);
  const tree = new Map<string, Traversed<Leaf>[string]>(
    [...items].map(([field, list]) => [field, list.map((item) => render(item, changeset))]),
  );
  for (const [field, { changes }] of Object.entries(changeset.nested ?? {})) {
    if (changes === undefined || changes === null) continue;
    if (Array.isArray(changes)) {
      const children = changes.map((child) => traverse(child as Node, itemsOf, render));
      if (children.some(hasKeys)) tree.set(field, children);
    } else {
      const child = traverse(changes as unknown as Node, itemsOf, render);
      if (hasKeys(child)) tree.set(field, child);
    }
  }
  return Object.fromEntries(tree);
}

function hasKeys(tree: object): boolean {
  return Object.keys(tree).length > 0;
}

function interpolated({ message, options }: FieldError): string {
  return message.replace(/%\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(options, name) ? String(options[name]) : whole,
  );
}
