import { assert, describe, test } from "vitest";
import { decodeParams } from "../../channels/params.ts";

/** The same with prototypes, to compare. */
function plain(query: string): unknown {
  const params = decodeParams(query);
  return params === undefined ? undefined : JSON.parse(JSON.stringify(params));
}

describe("decodeParams", () => {
  test("decodes names and values", () => {
    assert.deepEqual(plain("token=a%2Bb+c&vsn=2.0.0&flag&empty="), {
      token: "a+b c",
      vsn: "2.0.0",
      flag: "",
      empty: "",
    });
  });

  test("skips empty parts, such as long-poll clients leave at the end", () => {
    assert.deepEqual(plain("&vsn=2.0.0&&"), { vsn: "2.0.0" });
    assert.deepEqual(plain(""), {});
  });

  test("nests, makes lists, and lets the last of equal names win", () => {
    assert.deepEqual(plain("user[name]=ann&user[address][city]=brno"), {
      user: { name: "ann", address: { city: "brno" } },
    });
    assert.deepEqual(plain("ids[]=1&ids[]=2&user[ids][]=3"), { ids: ["1", "2"], user: { ids: ["3"] } });
    assert.deepEqual(plain("a=1&a=2"), { a: "2" });
    assert.deepEqual(plain("a=1&a[b]=2"), { a: { b: "2" } });
    assert.deepEqual(plain("a[b]=2&a=1"), { a: "1" });
  });

  test("takes a name whose brackets don't match as it is", () => {
    assert.deepEqual(plain("a[b=1&]c=2&[d]=3&e[f]g=4"), { "a[b": "1", "]c": "2", "[d]": "3", "e[f]g": "4" });
  });

  test("has no prototype to be reached or changed", () => {
    const params = decodeParams("__proto__[admin]=1&user[__proto__][admin]=1")!;
    assert.isUndefined((params as { constructor?: unknown }).constructor);
    assert.isUndefined(({} as { admin?: unknown }).admin);
    assert.deepEqual(Object.keys(params), ["__proto__", "user"]);
  });

  test("goes 32 levels deep, no deeper", () => {
    const name = `a${"[b]".repeat(32)}`;
    assert.deepEqual(plain(`${name}=1`), { [name]: "1" });
    assert.isObject((plain(`a${"[b]".repeat(31)}=1`) as { a: unknown }).a);
  });

  test("answers undefined for an escape that is no UTF-8", () => {
    assert.isUndefined(decodeParams("a=%ff"));
    assert.isUndefined(decodeParams("%zz=1"));
  });
});
