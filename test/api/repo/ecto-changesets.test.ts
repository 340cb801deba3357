import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { z } from "zod";
import type { OnReplace } from "../../../api/repo/association.ts";
import { cast, type Changeset } from "../../../api/repo/changeset.ts";
import { castAssoc } from "../../../api/repo/nested-changeset.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";
import {
  validateAcceptance,
  validateConfirmation,
  validateExclusion,
  validateLength,
  validateNumber,
  validateRequired,
} from "../../../api/repo/validation.ts";

/** What Ecto 3.14 answered to the changeset of `orderOf`, written there word for word. */
interface Answer {
  readonly params: object;
  /** Whether it is that of a row that there is. */
  readonly stored: boolean;
  readonly onReplace: "delete" | "mark_as_invalid";
  readonly oneReplace: OnReplace;
  readonly required: boolean;
  readonly ecto: {
    readonly valid: boolean;
    readonly messages: object;
    readonly errors: readonly [field: string, message: string][];
    readonly changes: object;
    readonly items: readonly Shown[] | "none";
    readonly one: Shown | "none" | null;
  };
}

type Shown = readonly [action: string, id: number | null, changes: object, valid: boolean];

interface Order {
  title: string;
  votes: number;
  items: object[];
}

const answers = readFileSync(new URL("./ecto-changesets.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Answer);

const pen = { id: 1, name: "pen" };
const order = { id: 7, title: "same", votes: 3, items: [pen, { id: 2, name: "ink" }], one: pen };

function itemOf(item: object, params: unknown): Changeset<object> {
  const changeset = cast(item, params, { name: z.string(), place: z.coerce.number().int() });
  return validateRequired(validateLength(changeset, "name", { max: 5 }), ["name"]);
}

function orderOf({ params, stored, onReplace, oneReplace, required }: Answer): Changeset<object> {
  const data = stored ? order : { title: "same" };
  let changeset = cast(data, params, { title: z.string(), votes: z.int() }) as unknown as Changeset<Order>;
  changeset = validateConfirmation(changeset, "title", { required });
  changeset = validateAcceptance(changeset, "terms");
  changeset = validateLength(changeset, "title", { min: 3, max: 6 });
  changeset = validateNumber(changeset, "votes", { greaterThan: 2, lessThan: 50 });
  changeset = validateExclusion(changeset, "title", ["abcdefg"]);
  changeset = validateRequired(changeset, ["title", "votes"]);
  const key = { table: "items", foreignKey: "order_id" } as const;
  const withItems = castAssoc(
    changeset,
    "items",
    { kind: "hasMany", ...key, onReplace },
    {
      with: itemOf,
      required,
      sortParam: "items_sort",
      dropParam: "items_drop",
    },
  );
  const withOne = castAssoc(
    withItems,
    "one",
    { kind: "hasOne", ...key, onReplace: oneReplace },
    { with: itemOf },
  );
  return validateLength(withOne, "items", { max: 2 });
}

function shown({ action, data, changes, valid }: Changeset<object>): unknown {
  return [action, (data as { id?: number }).id ?? null, changes, valid];
}

/** Ecto has a change where a new row gets no rows, or none: from "not loaded" to that. It is none here. */
function known(value: unknown, isStored: boolean): unknown {
  const isNone = value === null || (Array.isArray(value) && value.length === 0);
  return isNone && !isStored ? "none" : value;
}

describe("a changeset", () => {
  for (const [index, answer] of answers.entries()) {
    test(`has the errors and the changes that it has in Ecto: ${JSON.stringify(answer.params)}, ${index}`, () => {
      const { ecto, stored } = answer;
      const changeset = orderOf(answer);
      const { items, one } = changeset.nested;
      assert.deepEqual(traverseErrors(changeset), ecto.messages);
      assert.deepEqual(
        {
          valid: changeset.valid,
          errors: changeset.errors.map(({ field, message }) => [field, message]),
          changes: changeset.changes,
          items: known((items?.changes as Changeset<object>[] | undefined)?.map(shown) ?? "none", stored),
          one: known(
            one?.changes === undefined ? "none" : one.changes && shown(one.changes as Changeset<object>),
            stored,
          ),
        },
        {
          valid: ecto.valid,
          errors: ecto.errors,
          changes: ecto.changes,
          items: known(ecto.items, stored),
          one: known(ecto.one, stored),
        },
      );
    });
  }
});
