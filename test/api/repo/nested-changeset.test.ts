import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { z } from "zod";
import type { Association, OnReplace } from "../../../api/repo/association.ts";
import {
  applyChanges,
  cast,
  change,
  type Changeset,
  deleteChange,
  getChange,
  getField,
} from "../../../api/repo/changeset.ts";
import {
  castAssoc,
  castEmbed,
  getAssoc,
  type NestedListCastOptions,
  putAssoc,
  putEmbed,
} from "../../../api/repo/nested-changeset.ts";
import { traverseErrors, traverseValidations } from "../../../api/repo/traversal.ts";
import { validateLength, validateRequired } from "../../../api/repo/validation.ts";

interface Item {
  id: number;
  name: string;
  place: number;
}

const pen = { id: 1, name: "pen", place: 0 };
const ink = { id: 2, name: "ink", place: 1 };
const stored = { id: 7, items: [pen, ink] };

const hasItems = (onReplace?: Exclude<OnReplace, "update">) =>
  ({ kind: "hasMany", table: "items", foreignKey: "order_id", ...(onReplace && { onReplace }) }) as const;
const hasItem = (onReplace?: OnReplace) =>
  ({ kind: "hasOne", table: "items", foreignKey: "order_id", ...(onReplace && { onReplace }) }) as const;

const castItem = (item: Partial<Item>, params: unknown): Changeset<Item> =>
  validateRequired(cast(item, params, { name: z.string().max(5), place: z.int() }), [
    "name",
  ]) as Changeset<Item>;

type CastOptions = Partial<NestedListCastOptions<Item>>;

const castItems = (items: unknown, onReplace?: Exclude<OnReplace, "update">, options: CastOptions = {}) =>
  castAssoc(cast(stored, { items }, {}), "items", hasItems(onReplace), { with: castItem, ...options });

/** What becomes of each row. */
const fates = (changeset: Changeset<object>, name = "items"): unknown[] =>
  getAssoc(changeset, name).map(({ action, data, changes }) => [action, (data as Partial<Item>).id, changes]);

describe("castAssoc of many", () => {
  test("changes the rows whose ids are named and inserts the others", () => {
    const changeset = castItems([{ id: "2", name: "oil" }, { name: "nib" }, { id: 1 }]);
    assert.equal(changeset.valid, true);
    assert.deepEqual(fates(changeset), [
      ["update", 2, { name: "oil" }],
      ["insert", undefined, { name: "nib" }],
      ["update", 1, {}],
    ]);
    const rows = [{ ...ink, name: "oil" }, { name: "nib" }, pen];
    assert.deepEqual(getChange(changeset, "items"), rows);
    assert.deepEqual(getField(changeset, "items"), rows);
    assert.deepEqual(applyChanges(changeset), { id: 7, items: rows });
    assert.deepEqual(changeset.changes, {});
  });

  test("changes nothing where the rows are what they were, in any order", () => {
    const changeset = castItems([{ id: 2, name: "ink" }, { id: 1 }]);
    assert.equal(changeset.nested["items"]?.changes, undefined);
    assert.equal(getChange(changeset, "items"), undefined);
    assert.deepEqual(getField(changeset, "items"), [pen, ink]);
  });

  test("never reaches the row of another parent", () => {
    const changeset = castItems([{ id: 1 }, { id: 2 }, { id: 3, name: "mine" }]);
    assert.deepEqual(fates(changeset)[2], ["insert", undefined, { name: "mine" }]);
  });

  test("does to the rows that are left out what onReplace says", () => {
    assert.throws(() => castItems([{ id: 1 }]), { code: "ROOKERY_CHANGESET_REPLACE" });
    assert.deepEqual(traverseErrors(castItems([{ id: 1 }], "mark_as_invalid")), { items: ["is invalid"] });
    assert.deepEqual(castItems([], "mark_as_invalid").errors[0]?.options, {
      validation: "assoc",
      type: "list",
    });
    // Those that go come first, as in Ecto.
    assert.deepEqual(fates(castItems([{ id: 1 }], "delete")), [
      ["replace", 2, {}],
      ["update", 1, {}],
    ]);
    assert.deepEqual(getField(castItems([{ id: 1 }], "delete"), "items"), [pen]);
  });

  test("shows the errors of each row in its place", () => {
    const changeset = castItems([{ id: 1 }, { id: 2, name: "a novel" }, {}, { name: 5, place: "x" }]);
    assert.equal(changeset.valid, false);
    assert.deepEqual(traverseErrors(changeset), {
      items: [
        {},
        { name: ["Too big: expected string to have <=5 characters"] },
        { name: ["can't be blank"] },
        { name: ["is invalid"], place: ["is invalid"] },
      ],
    });
    assert.deepEqual(traverseErrors(castItems([{ id: 1 }, { id: 2 }, { name: "x" }])), {});
  });

  for (const value of [null, 7, "x", {}.constructor, [null], [[]], [7]]) {
    test(`finds ${JSON.stringify(value) ?? "a function"} invalid`, () => {
      const changeset = castItems(value, "delete", { invalidMessage: "is no list" });
      assert.deepEqual(traverseErrors(changeset), { items: ["is no list"] });
      assert.equal(changeset.nested["items"]?.changes, undefined);
    });
  }

  test("asks for one, if it is required", () => {
    const required = { required: true };
    const none = castAssoc(cast({}, {}, {}), "items", hasItems(), { with: castItem, ...required });
    assert.deepEqual(traverseErrors(none), { items: ["can't be blank"] });
    assert.deepEqual(none.required, ["items"]);
    const all = castItems([], "delete", { required: true, requiredMessage: "are missing" });
    assert.deepEqual(traverseErrors(all), { items: ["are missing"] });
    assert.equal(
      castAssoc(cast(stored, {}, {}), "items", hasItems(), { with: castItem, ...required }).valid,
      true,
    );
  });

  test("leaves to the caster what becomes of a row, within limits", () => {
    const fated = (action: "delete" | "ignore" | "insert") => (item: Partial<Item>, params: unknown) => ({
      ...castItem(item, params),
      ...(item.id === 1 || action === "insert" ? { action } : {}),
    });
    const items = [{ id: 1, name: "x" }, { id: 2 }];
    const deleted = castItems(items, undefined, { with: fated("delete") });
    assert.deepEqual(fates(deleted), [
      ["delete", 1, { name: "x" }],
      ["update", 2, {}],
    ]);
    assert.deepEqual(getField(deleted, "items"), [ink]);
    const ignored = castItems(items, undefined, { with: fated("ignore") });
    assert.equal(ignored.nested["items"]?.changes, undefined);
    assert.throws(() => castItems(items, undefined, { with: fated("insert") }), {
      code: "ROOKERY_CHANGESET_NESTED_ACTION",
    });
  });

  test("takes an object of a form for a list, in the order of its numbers or of sortParam", () => {
    const items = { "10": { name: "k" }, "9": { name: "j" }, b: { name: "y" }, a: { name: "x" } };
    const names = (params: object): unknown =>
      getField(
        castAssoc(cast({}, params, {}), "items", hasItems(), {
          with: castItem,
          sortParam: "items_sort",
          dropParam: "items_drop",
        }),
        "items",
      )?.map(({ name }) => name);
    assert.deepEqual(names({ items }), ["j", "k", "x", "y"]);
    assert.deepEqual(names({ items, items_sort: ["b", 9] }), ["y", "j", "k", "x"]);
    assert.deepEqual(names({ items, items_drop: ["b", "10"], items_sort: ["b", "a"] }), ["x", "j"]);
    assert.deepEqual(names({ items_sort: ["new"] }), [undefined]);
  });

  test("wants the rows of a stored one to be loaded", () => {
    const cold = (data: object) =>
      castAssoc(cast(data, { items: [] }, {}), "items", hasItems(), { with: castItem });
    assert.throws(() => cold({ id: 7 }), { code: "ROOKERY_CHANGESET_NOT_LOADED" });
    assert.equal(cold({ id: 7, items: null }).valid, true);
    assert.equal(cold({}).valid, true);
  });

  test("refuses an id twice", () => {
    const withId = (item: Partial<Item>, params: unknown): Changeset<Item> =>
      cast(item, params, { id: z.int() }) as Changeset<Item>;
    const changeset = castItems([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 3 }], "delete", { with: withId });
    assert.deepEqual(traverseErrors(changeset), { items: [{}, {}, {}, { id: ["has already been taken"] }] });
  });

  test("can be taken back, and its length be judged without those that go", () => {
    const changeset = castItems([{ id: 1 }], "delete");
    assert.equal(deleteChange(changeset, "items").nested["items"]?.changes, undefined);
    const judged = validateLength(changeset, "items", { min: 2 });
    assert.deepEqual(traverseErrors(judged), { items: ["should have at least 2 item(s)"] });
  });

  test("goes as deep as the rows do", () => {
    const castOrder = (order: object, params: unknown) =>
      castAssoc(cast(order, params, {}), "items", hasItems(), { with: castItem });
    const customer = castAssoc(
      cast({}, { orders: [{}, { items: [{ name: 5 }] }] }, {}),
      "orders",
      hasItems(),
      {
        with: castOrder,
      },
    );
    assert.deepEqual(traverseErrors(customer), { orders: [{}, { items: [{ name: ["is invalid"] }] }] });
    assert.equal(customer.valid, false);
  });

  test("never throws for anything that a client can send, nor takes what was not asked for", () => {
    const params = fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.record(
          { id: fc.oneof(fc.constantFrom(1, 2, "1", "02", null), fc.jsonValue()), name: fc.string() },
          {
            requiredKeys: [],
          },
        ),
      ),
      fc.dictionary(
        fc.oneof(fc.nat().map(String), fc.constantFrom("__proto__", "constructor")),
        fc.jsonValue(),
      ),
    );
    fc.assert(
      fc.property(params, (items) => {
        const changeset = castItems(items, "delete", { sortParam: "items", dropParam: "items" });
        for (const { action, data, changes } of getAssoc(changeset, "items")) {
          assert.ok(Object.keys(changes).every((key) => key === "name" || key === "place"));
          assert.ok(action === "insert" ? Object.keys(data).length === 0 : [pen, ink].includes(data as Item));
        }
        const rows = getField(changeset, "items") as Item[];
        const kept = rows.flatMap(({ id }) => id ?? []);
        assert.equal(new Set(kept).size, kept.length);
      }),
    );
  });
});

describe("castAssoc of one", () => {
  const castOne = (item: unknown, data: object, onReplace?: OnReplace) =>
    castAssoc(cast(data, { item }, {}), "item", hasItem(onReplace), { with: castItem });

  test("inserts it, changes it or lets it go", () => {
    const data = { id: 7, item: pen };
    assert.deepEqual(fates(castOne({ name: "nib" }, {}), "item"), [["insert", undefined, { name: "nib" }]]);
    assert.deepEqual(fates(castOne({ id: "1", name: "nib" }, data), "item"), [
      ["update", 1, { name: "nib" }],
    ]);
    assert.deepEqual(fates(castOne({ name: "nib" }, data, "update"), "item"), [
      ["update", 1, { name: "nib" }],
    ]);
    assert.deepEqual(fates(castOne({ name: "nib" }, data, "delete"), "item"), [
      ["insert", undefined, { name: "nib" }],
    ]);
    assert.equal(castOne(null, data, "delete").nested["item"]?.changes, null);
    assert.equal(getField(castOne(null, data, "delete"), "item"), null);
    assert.equal(castOne(null, {}).nested["item"]?.changes, undefined);
  });

  test("finds invalid what is no object, and what may not go", () => {
    const data = { id: 7, item: pen };
    assert.deepEqual(traverseErrors(castOne([], {})), { item: ["is invalid"] });
    assert.deepEqual(traverseErrors(castOne(null, data, "mark_as_invalid")), { item: ["is invalid"] });
    assert.throws(() => castOne({ name: "x" }, data), { code: "ROOKERY_CHANGESET_REPLACE" });
    assert.deepEqual(traverseErrors(castOne({}, {})), { item: { name: ["can't be blank"] } });
  });

  test("knows by the foreign key that it belongs to none", () => {
    const ofItem = { kind: "belongsTo", table: "items", foreignKey: "item_id" } as const;
    const castOf = (data: object) =>
      castAssoc(cast(data, { item: { name: "x" } }, {}), "item", ofItem, { with: castItem });
    assert.equal(castOf({ id: 7, item_id: null }).valid, true);
    assert.throws(() => castOf({ id: 7, item_id: 1 }), { code: "ROOKERY_CHANGESET_NOT_LOADED" });
    const chosen = putAssoc(change<{ item_id: number }>({}), "item", ofItem, change<Item>(pen));
    assert.deepEqual(applyChanges(chosen), { item: pen, item_id: 1 });
  });
});

describe("putAssoc", () => {
  test("takes rows and changesets", () => {
    const changeset = putAssoc(change(stored), "items", hasItems(), [
      { ...pen, name: "nib" },
      change<Item>(ink, { place: 5 }),
      { name: "new" },
      change<Item>({ id: 9, name: "found" }),
      change<Item>({}, { name: "built" }),
    ]);
    assert.deepEqual(fates(changeset), [
      ["update", 1, { name: "nib" }],
      ["update", 2, { place: 5 }],
      ["insert", undefined, { name: "new" }],
      ["update", 9, {}],
      ["insert", undefined, { name: "built" }],
    ]);
  });

  test("undoes what was put before where nothing changes", () => {
    const changed = putAssoc(change(stored), "items", hasItems(), [...stored.items, { name: "x" }]);
    assert.equal(putAssoc(changed, "items", hasItems(), stored.items).nested["items"]?.changes, undefined);
  });

  test("never takes for a changeset what a client has made to look like one", () => {
    const forged = JSON.parse(JSON.stringify(change<Item>(pen, { name: "mine" }))) as object;
    const changeset = putAssoc(change({}), "items", hasItems(), [forged as Partial<Item>]);
    assert.deepEqual(
      getAssoc(changeset, "items").map(({ action, data }) => [action, data]),
      [["insert", {}]],
    );
  });

  test("applied, is no change any more", () => {
    const item = fc.record(
      { id: fc.integer({ min: 1, max: 5 }), name: fc.string() },
      { noNullPrototype: true },
    );
    const items = fc.uniqueArray(item, { selector: ({ id }) => id });
    fc.assert(
      fc.property(items, items, (before, after) => {
        const data = { id: 7, items: before };
        const first = putAssoc(change(data), "items", hasItems("delete"), after);
        const applied = applyChanges(first);
        const byId = (rows: readonly Partial<Item>[] | undefined): unknown =>
          rows?.toSorted((one, other) => (one.id ?? 0) - (other.id ?? 0));
        assert.deepEqual(byId(applied["items"]), byId(after));
        const again = putAssoc(change(applied), "items", hasItems("delete"), after);
        assert.equal(again.nested["items"]?.changes, undefined);
        assert.deepEqual(applyChanges(again), applied);
      }),
    );
  });
});

describe("castEmbed and putEmbed", () => {
  const inTags = { kind: "embedsMany", key: "name", onReplace: "delete" } as const;
  const castTag = (tag: Partial<Item>, params: unknown): Changeset<Item> =>
    cast(tag, params, { name: z.string(), place: z.int() }) as Changeset<Item>;

  test("read the column as JSON or as what it stands for", () => {
    const tags = [{ name: "a", place: 1 }];
    for (const column of [tags, JSON.stringify(tags)]) {
      const changeset = castEmbed(
        cast(
          { id: 1, tags: column },
          { tags: [{ name: "a", place: 2 }, { name: "b" }] },
          {},
        ) as Changeset<object>,
        "tags",
        inTags,
        { with: castTag },
      );
      assert.deepEqual(getField(changeset, "tags"), [{ name: "a", place: 2 }, { name: "b" }]);
      assert.equal(changeset.errors.length, 0);
    }
  });

  test("keep the order, which is a change of the column", () => {
    const data = { id: 1, tags: [{ name: "a" }, { name: "b" }] };
    const turned = castEmbed(cast(data, { tags: [{ name: "b" }, { name: "a" }] }, {}), "tags", inTags, {
      with: castTag,
    });
    assert.deepEqual(getChange(turned, "tags"), [{ name: "b" }, { name: "a" }]);
    const same = putEmbed(change(data), "tags", inTags, data.tags);
    assert.equal(getChange(same, "tags"), undefined);
  });

  test("name themselves in their errors", () => {
    const changeset = castEmbed(cast({}, { tag: 5 }, {}), "tag", { kind: "embedsOne" }, { with: castTag });
    assert.deepEqual(changeset.errors[0], {
      field: "tag",
      message: "is invalid",
      options: { validation: "embed", type: "map" },
    });
    const put = putEmbed(
      change({ id: 1, tag: pen }),
      "tag",
      { kind: "embedsOne", onReplace: "mark_as_invalid" },
      null,
    );
    assert.deepEqual(put.errors[0]?.options, { type: "map" });
  });
});

describe("traverseValidations", () => {
  test("lists the rules of each field, also of the rows that belong to it", () => {
    const ruled = (item: Partial<Item>, params: unknown): Changeset<Item> =>
      validateLength(castItem(item, params), "name", { max: 3 });
    const changeset = castItems([{ id: 1 }, { id: 2 }], undefined, { with: ruled });
    assert.deepEqual(traverseValidations(changeset), {});
    const changed = castItems([{ id: 1, name: "x" }, { id: 2 }], undefined, { with: ruled });
    const rule = { field: "name", validation: "length", rule: { max: 3 } };
    assert.deepEqual(traverseValidations(changed), { items: [{ name: [rule] }, { name: [rule] }] });
    assert.deepEqual(
      traverseValidations(changed, ({ validation }) => validation),
      { items: [{ name: ["length"] }, { name: ["length"] }] },
    );
  });
});

// What `associations` takes will do for `castAssoc`.
({ kind: "hasOne", table: "items", foreignKey: "order_id", ownerKey: "id" }) satisfies Association;
