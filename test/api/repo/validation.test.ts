import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { addError, cast, change, type Changeset } from "../../../api/repo/changeset.ts";
import { traverseErrors } from "../../../api/repo/traversal.ts";
import {
  type LengthOptions,
  type NumberOptions,
  validateAcceptance,
  validateChange,
  validateConfirmation,
  validateExclusion,
  validateFormat,
  validateInclusion,
  validateLength,
  validateNumber,
  validateRequired,
  validateSubset,
} from "../../../api/repo/validation.ts";

interface Post {
  title: string;
  tags: string[];
  votes: number | bigint;
}

const stored: Post = { title: "", tags: ["a"], votes: 1 };
const titled = (title: string | null): Changeset<Post> => change(stored, { title });

describe("validateRequired", () => {
  test("says that a field can't be blank if neither the data nor the changes fill it", () => {
    const changeset = validateRequired(change<Post>({ votes: 1 }, { title: " \n" }), [
      "title",
      "tags",
      "votes",
    ]);
    assert.deepEqual(traverseErrors(changeset), { tags: ["can't be blank"], title: ["can't be blank"] });
    assert.deepEqual(
      changeset.errors.map(({ field }) => field),
      ["title", "tags"],
    );
    assert.deepEqual(changeset.required, ["title", "tags", "votes"]);
    assert.deepEqual(changeset.changes, {});
    assert.deepEqual(changeset.errors[0]?.options, { validation: "required" });
  });

  test("takes 0, false and an empty array for something", () => {
    const data = { count: 0, done: false, tags: [] };
    assert.equal(validateRequired(change(data), ["count", "done", "tags"]).valid, true);
  });

  test("says so of a field that the params empty", () => {
    const changeset = cast({ title: "Hello" }, { title: "" }, {});
    assert.equal(validateRequired(changeset, ["title"]).valid, true);
    assert.equal(validateRequired(change({ title: "Hello" }, { title: null }), ["title"]).valid, false);
  });

  test("adds nothing to a field that has an error", () => {
    const changeset = validateRequired(addError(change<Post>({}), "title", "is invalid"), ["title"]);
    assert.deepEqual(traverseErrors(changeset), { title: ["is invalid"] });
  });
});

describe("validateChange", () => {
  test("runs only if the field changes, and not to null", () => {
    const refuse = (): string => "is refused";
    assert.deepEqual(traverseErrors(validateChange(titled("x"), "title", refuse)), { title: ["is refused"] });
    assert.equal(validateChange(change(stored), "title", refuse).valid, true);
    assert.equal(
      validateChange(change({ ...stored, title: "x" }, { title: null }), "title", refuse).valid,
      true,
    );
    assert.equal(validateChange(titled("x"), "title", () => undefined).valid, true);
  });
});

describe("a rule of one's own", () => {
  test("can find several errors at once, of other fields too", () => {
    const found = [{ message: "is odd" }, { field: "votes", message: "is off by %{by}", options: { by: 1 } }];
    const changeset = validateChange(addError(titled("x"), "title", "is old"), "title", () => found, {
      rule: 1,
    });
    assert.deepEqual(changeset.errors, [
      { field: "title", message: "is odd", options: { rule: 1 } },
      { field: "votes", message: "is off by %{by}", options: { by: 1 } },
      { field: "title", message: "is old", options: {} },
    ]);
    assert.equal(validateChange(titled("x"), "title", () => []).valid, true);
  });
});

describe("validateFormat", () => {
  test("says that what does not match has an invalid format", () => {
    const changeset = validateFormat(titled("ada"), "title", /@/);
    assert.deepEqual(traverseErrors(changeset), { title: ["has invalid format"] });
    assert.deepEqual(changeset.errors[0]?.options, { validation: "format" });
    assert.equal(validateFormat(titled("a@b"), "title", /@/).valid, true);
  });

  test("does not remember the last match of a global expression", () => {
    const global = /@/g;
    global.lastIndex = 2;
    assert.equal(validateFormat(titled("a@b"), "title", global).valid, true);
    assert.equal(validateFormat(titled("a@b"), "title", global).valid, true);
  });

  test("refuses to judge what is no string", () => {
    assert.throws(() => validateFormat(change(stored, { votes: 7 }), "votes", /7/), {
      code: "ROOKERY_CHANGESET_VALUE",
    });
  });
});

describe("validateInclusion", () => {
  test("says that a value out of the list is invalid", () => {
    const changeset = validateInclusion(titled("c"), "title", ["a", "b"]);
    assert.deepEqual(traverseErrors(changeset), { title: ["is invalid"] });
    assert.deepEqual(changeset.errors[0]?.options, { validation: "inclusion", enum: ["a", "b"] });
    assert.equal(validateInclusion(titled("b"), "title", ["a", "b"]).valid, true);
  });
});

describe("validateExclusion and validateSubset", () => {
  test("say that a value is reserved, or that an entry of it is invalid", () => {
    const reserved = validateExclusion(titled("admin"), "title", ["admin"]);
    assert.deepEqual(traverseErrors(reserved), { title: ["is reserved"] });
    assert.deepEqual(reserved.errors[0]?.options, { validation: "exclusion", enum: ["admin"] });
    assert.equal(validateExclusion(titled("ada"), "title", ["admin"]).valid, true);
    const tagged = change(stored, { tags: ["b", "c"] });
    const unknown = validateSubset(tagged, "tags", ["a", "b"]);
    assert.deepEqual(traverseErrors(unknown), { tags: ["has an invalid entry"] });
    assert.deepEqual(unknown.errors[0]?.options, { validation: "subset", enum: ["a", "b"] });
    assert.equal(validateSubset(tagged, "tags", ["b", "c", "d"]).valid, true);
    assert.throws(() => validateSubset(titled("b"), "title", ["b"]), { code: "ROOKERY_CHANGESET_VALUE" });
  });

  test("compare by content", () => {
    const at = change<{ at: Date }>({}, { at: new Date(5) });
    assert.equal(validateInclusion(at, "at", [new Date(5)]).valid, true);
    assert.equal(validateExclusion(at, "at", [new Date(5)]).valid, false);
  });
});

describe("validateConfirmation", () => {
  const given = (params: object): Changeset<Post> => cast(stored, params, {});
  const cases: [object, object, object][] = [
    [{ title: "a", title_confirmation: "a" }, {}, {}],
    [{ title: "a", title_confirmation: "b" }, {}, { title_confirmation: ["does not match confirmation"] }],
    [{ title_confirmation: "b" }, {}, { title_confirmation: ["does not match confirmation"] }],
    [{ title_confirmation: null }, {}, {}],
    [{ title: "a" }, {}, {}],
    [{ title: "a" }, { required: true }, { title_confirmation: ["can't be blank"] }],
    [{ title: "a", title_confirmation: 1 }, { message: "differs" }, { title_confirmation: ["differs"] }],
  ];
  for (const [params, options, errors] of cases) {
    test(`finds ${JSON.stringify(errors)} in ${JSON.stringify(params)} with ${JSON.stringify(options)}`, () => {
      assert.deepEqual(traverseErrors(validateConfirmation(given(params), "title", options)), errors);
    });
  }

  test("finds nothing where nothing was cast", () => {
    assert.equal(validateConfirmation(change(stored), "title", { required: true }).valid, true);
  });
});

describe("validateAcceptance", () => {
  test("says that terms must be accepted, unless they are", () => {
    for (const terms of [true, "true", "1"]) {
      assert.equal(validateAcceptance(cast(stored, { terms }, {}), "terms").valid, true);
    }
    for (const params of [{}, { terms: false }, { terms: 1 }, { terms: "yes" }, { terms: null }]) {
      const changeset = validateAcceptance(cast(stored, params, {}), "terms");
      assert.deepEqual(traverseErrors(changeset), { terms: ["must be accepted"] });
      assert.deepEqual(changeset.errors[0]?.options, { validation: "acceptance" });
    }
    assert.equal(validateAcceptance(change(stored), "terms").valid, true);
  });
});

describe("the rules", () => {
  test("are remembered, the newest first, whether they hold or not", () => {
    const changeset = validateNumber(validateFormat(titled("x"), "title", /x/), "votes", { lessThan: 5 });
    assert.deepEqual(changeset.validations, [
      { field: "votes", validation: "number", rule: { lessThan: 5 } },
      { field: "title", validation: "format", rule: /x/ },
    ]);
  });
});

describe("validateLength", () => {
  const family = "👩‍👩‍👧";
  const cases: [string | string[], LengthOptions, string | undefined][] = [
    ["abc", { is: 2 }, "should be 2 character(s)"],
    ["abc", { min: 4 }, "should be at least 4 character(s)"],
    ["abc", { max: 2 }, "should be at most 2 character(s)"],
    ["abc", { is: 3, min: 3, max: 3 }, undefined],
    ["é", { count: "bytes", is: 1 }, "should be 1 byte(s)"],
    ["é", { count: "bytes", min: 3 }, "should be at least 3 byte(s)"],
    ["é", { count: "bytes", max: 1 }, "should be at most 1 byte(s)"],
    [["a", "b"], { is: 1 }, "should have 1 item(s)"],
    [["a", "b"], { min: 3 }, "should have at least 3 item(s)"],
    [["a", "b"], { max: 1 }, "should have at most 1 item(s)"],
    [family, { is: 1 }, undefined],
    [family, { is: 5, count: "codepoints" }, undefined],
    [family, { is: 18, count: "bytes" }, undefined],
    ["\r\n", { is: 1 }, undefined],
    ["x".repeat(1_000_000), { max: 10 }, "should be at most 10 character(s)"],
    ["é".repeat(1_000_000), { min: 2, max: 10 }, "should be at most 10 character(s)"],
  ];
  for (const [value, options, expected] of cases) {
    const shown = `${JSON.stringify(value).slice(0, 30)} with ${JSON.stringify(options)}`;
    test(`says ${expected ?? "nothing"} of ${shown}`, () => {
      const field = typeof value === "string" ? "title" : "tags";
      const changeset = validateLength(change(stored, { [field]: value }), field, options);
      assert.deepEqual(traverseErrors(changeset), expected === undefined ? {} : { [field]: [expected] });
    });
  }

  test("counts the keys of an object", () => {
    const mapped = change<{ map: object }>({}, { map: { a: 1, b: 2 } });
    const changeset = validateLength(mapped, "map", { max: 1 });
    assert.deepEqual(traverseErrors(changeset), { map: ["should have at most 1 item(s)"] });
    assert.equal(changeset.errors[0]?.options["type"], "map");
    const dated = change<{ map: object }>({}, { map: new Date(0) });
    assert.throws(() => validateLength(dated, "map", { max: 1 }), { code: "ROOKERY_CHANGESET_VALUE" });
  });

  test("tells in the options which rule it was", () => {
    assert.deepEqual(validateLength(titled("abc"), "title", { max: 2 }).errors[0], {
      field: "title",
      message: "should be at most %{count} character(s)",
      options: { count: 2, validation: "length", kind: "max", type: "string" },
    });
  });

  test("takes a message of one's own", () => {
    const changeset = validateLength(titled("abc"), "title", { max: 2, message: "over %{count}" });
    assert.deepEqual(traverseErrors(changeset), { title: ["over 2"] });
  });

  test("refuses to judge what has no length", () => {
    assert.throws(() => validateLength(change(stored, { votes: 7 }), "votes", { max: 1 }), {
      code: "ROOKERY_CHANGESET_VALUE",
    });
  });
});

describe("validateNumber", () => {
  const cases: [number | bigint, NumberOptions, string | undefined][] = [
    [5, { lessThan: 5 }, "must be less than 5"],
    [4, { lessThan: 5 }, undefined],
    [5, { greaterThan: 5 }, "must be greater than 5"],
    [6, { greaterThan: 5 }, undefined],
    [6, { lessThanOrEqualTo: 5 }, "must be less than or equal to 5"],
    [5, { lessThanOrEqualTo: 5 }, undefined],
    [4, { greaterThanOrEqualTo: 5 }, "must be greater than or equal to 5"],
    [5, { greaterThanOrEqualTo: 5 }, undefined],
    [4, { equalTo: 5 }, "must be equal to 5"],
    [5, { equalTo: 5 }, undefined],
    [5, { notEqualTo: 5 }, "must be not equal to 5"],
    [4, { notEqualTo: 5 }, undefined],
    [7n, { equalTo: 7, lessThan: 9007199254740993n }, undefined],
    [9, { lessThan: 5, greaterThan: 10 }, "must be less than 5"],
    [9, { greaterThan: 10, lessThan: 5 }, "must be greater than 10"],
  ];
  for (const [value, options, expected] of cases) {
    test(`says ${expected ?? "nothing"} of ${value} with ${Object.entries(options).join()}`, () => {
      const changeset = validateNumber(change(stored, { votes: value }), "votes", options);
      assert.deepEqual(traverseErrors(changeset), expected === undefined ? {} : { votes: [expected] });
    });
  }

  test("refuses to judge what is no number", () => {
    for (const value of [Number.NaN, "7" as unknown as number]) {
      assert.throws(() => validateNumber(change(stored, { votes: value }), "votes", { lessThan: 1 }), {
        code: "ROOKERY_CHANGESET_VALUE",
      });
    }
  });
});
