import { assert, describe, expect, test } from "vitest";
import { Token } from "../../channels/token.ts";
import { tuple } from "../../channels/token/tuple.ts";

/** The secret, salt, time and tokens are those that Phoenix itself made. */
const secret = "rookery-vector-secret-".repeat(4);
const salt = "user socket";
const signedAt = 1_700_000_000;
const at = (seconds: number) => ({ systemTimeMs: () => seconds * 1_000 });
const clock = at(signedAt);

const vectors: readonly (readonly [data: unknown, token: string, options?: object])[] = [
  [42, "SFMyNTY.g2gDYSpuBgAAaOXPiwFiAAFRgA.dp0DUMNC7TiB3bcgOzztm8D4gIreP2xShQxBfzFp-JY"],
  ["user:42", "SFMyNTY.g2gDbQAAAAd1c2VyOjQybgYAAGjlz4sBYgABUYA.PhfUP63DdCMci089Aal-52MbRE30djeBt4PU82SDjEA"],
  [
    { user_id: 7, role: "admin" },
    "SFMyNTY.g2gDdAAAAAJtAAAABHJvbGVtAAAABWFkbWlubQAAAAd1c2VyX2lkYQduBgAAaOXPiwFiAAFRgA.tjp7T4IqwrD8BTos1SE5VxMU7WEt8zlm7vlC4HB-4gQ",
  ],
  [
    [1, 2.5, null, true, "x"],
    "SFMyNTY.g2gDbAAAAAVhAUZABAAAAAAAAGQAA25pbGQABHRydWVtAAAAAXhqbgYAAGjlz4sBYgABUYA.JjS91RbMK4xpVjXQUcEqamsOMp1r_DY8t5ghyLUR46U",
  ],
  [
    new Map([[Symbol.for("user_id"), 7]]),
    "SFMyNTY.g2gDdAAAAAFkAAd1c2VyX2lkYQduBgAAaOXPiwFiAAFRgA.o-DIRC0RvpQqgCYDd7uEbhqmRjVzZWLOrTGxczNl9Lk",
  ],
  [
    tuple(Symbol.for("ok"), 1),
    "SFMyNTY.g2gDaAJkAAJva2EBbgYAAGjlz4sBYgABUYA.LR8EGgXsqf_HcjOLLlYvosjgqYdf685S0jgbB2FjWMg",
  ],
  [
    123456789012345678901234567890n,
    "SFMyNTY.g2gDbg0A0go_Tu7gc8P2D-mOAW4GAABo5c-LAWIAAVGA.8_L-OspupXCz4WP6oCIXK46Qig0dHpelqq1j1yUZT6A",
  ],
  [-5, "SFMyNTY.g2gDYv____tuBgAAaOXPiwFiAAFRgA.hnTbSOB9VWIsrkuoTMKFBdMPBTYJ0eVp3ykB859ZBAw"],
  [
    "žluťoučký",
    "SFMyNTY.g2gDbQAAAA3Fvmx1xaVvdcSNa8O9bgYAAGjlz4sBYgABUYA.Avb2hMCHip0UdgMSVAxyXyTwIOiWo3Al_ZN3Vqm4S8Q",
  ],
  [
    42,
    "SFMyNTY.g2gDYSpuBgAAaOXPiwFiAAFRgA.Hg9xA5MJisMASGg1lBDdhHWCuTc4g85_fdY2JK9TqO8",
    { keyDigest: "sha512" },
  ],
  [
    42,
    "SFMyNTY.g2gDYSpuBgAAaOXPiwFiAAFRgA.atlS3EmW3pmJ9vCgo5o9yxFnxdms5716XCffTH_2hvI",
    { keyIterations: 100, keyLength: 64 },
  ],
];
const [, token42] = vectors[0]!;

describe("Token.sign", () => {
  for (const [data, token, options] of vectors) {
    test(`makes Phoenix's token ${token.slice(-8)}`, () => {
      assert.equal(Token.sign(secret, salt, data, { clock: at(0), signedAt, ...options }), token);
    });
  }

  test("signs now if nothing else is said, in whole milliseconds", () => {
    assert.equal(
      Token.sign(secret, salt, 42, { clock: { systemTimeMs: () => signedAt * 1_000 + 0.7 } }),
      token42,
    );
  });

  test("refuses a secret of less than 20 bytes, without showing it", () => {
    for (const short of ["under twenty bytes", "", undefined]) {
      expect(() => Token.sign(short as string, salt, 1, { clock })).toThrow(
        expect.objectContaining({ code: "ROOKERY_SECRET" }),
      );
    }
    expect(() => Token.sign("under twenty bytes", salt, 1, { clock })).not.toThrow("under twenty");
  });
});

describe("Token.verify", () => {
  for (const [data, token, options] of vectors) {
    test(`reads Phoenix's token ${token.slice(-8)}`, () => {
      const result = Token.verify(secret, salt, token, {
        clock: at(2_000_000_000),
        maxAge: Infinity,
        ...options,
      });
      assert.isTrue(result.ok);
      expect(result.ok && result.data).toEqual(data);
    });
  }

  test("takes a token until its age is over, a day unless signed otherwise", () => {
    const verify = (seconds: number) =>
      Token.verify(secret, salt, token42, { clock: at(signedAt + seconds) });
    assert.deepEqual(verify(0), { ok: true, data: 42 });
    assert.deepEqual(verify(86_400), { ok: true, data: 42 });
    assert.deepEqual(verify(86_400.001), { ok: false, reason: "expired" });
    const short = Token.sign(secret, salt, 42, { clock, maxAge: 10 });
    assert.deepEqual(Token.verify(secret, salt, short, { clock: at(signedAt + 11) }), {
      ok: false,
      reason: "expired",
    });
    const eternal = Token.sign(secret, salt, 42, { clock, maxAge: Infinity });
    assert.deepEqual(Token.verify(secret, salt, eternal, { clock: at(signedAt * 9) }), {
      ok: true,
      data: 42,
    });
  });

  test("has the last word about the age", () => {
    const verify = (maxAge: number) =>
      Token.verify(secret, salt, token42, { clock: at(signedAt + 100), maxAge });
    assert.deepEqual(verify(100), { ok: true, data: 42 });
    assert.deepEqual(verify(99.9), { ok: false, reason: "expired" });
    assert.deepEqual(verify(0), { ok: false, reason: "expired" });
    assert.deepEqual(verify(-1), { ok: false, reason: "expired" });
    assert.deepEqual(verify(Infinity), { ok: true, data: 42 });
  });

  test("refuses a token signed in the future", () => {
    const result = Token.verify(secret, salt, token42, { clock: at(signedAt - 1), maxAge: Infinity });
    assert.deepEqual(result, { ok: false, reason: "invalid" });
  });

  test("misses a token that is not there", () => {
    assert.deepEqual(Token.verify(secret, salt, undefined, { clock }), { ok: false, reason: "missing" });
    assert.deepEqual(Token.verify(secret, salt, null, { clock }), { ok: false, reason: "missing" });
  });

  test("refuses another secret, another salt, another key", () => {
    const invalid = { ok: false, reason: "invalid" } as const;
    assert.deepEqual(Token.verify(`${secret}x`, salt, token42, { clock }), invalid);
    assert.deepEqual(Token.verify(secret, "room token", token42, { clock }), invalid);
    assert.deepEqual(Token.verify(secret, salt, token42, { clock, keyDigest: "sha512" }), invalid);
    assert.deepEqual(Token.verify(secret, salt, token42, { clock, keyIterations: 1 }), invalid);
  });

  test("refuses a token in which any letter is another", () => {
    for (let at = 0; at < token42.length; at += 1) {
      const changed = token42.slice(0, at) + (token42[at] === "A" ? "B" : "A") + token42.slice(at + 1);
      assert.deepEqual(
        Token.verify(secret, salt, changed, { clock }),
        { ok: false, reason: "invalid" },
        changed,
      );
    }
  });

  for (const token of ["", ".", "..", "a.b.c", `${token42}.`, `${token42}=`, `${token42} `, 42, {}, ["x"]]) {
    test(`refuses ${JSON.stringify(token)}`, () => {
      const result = Token.verify(secret, salt, token as string, { clock });
      assert.deepEqual(result, { ok: false, reason: "invalid" });
    });
  }
});

describe("options of a token", () => {
  const wrong: readonly object[] = [
    {},
    { clock, maxAge: "60" },
    { clock, maxAge: Number.NaN },
    { clock, signedAt: Infinity },
    { clock, keyIterations: 0 },
    { clock, keyLength: 8 },
    { clock, keyDigest: "md5" },
  ];
  for (const options of wrong) {
    test(`are refused: ${Object.entries(options).at(-1)?.join(" ") ?? "no clock"}`, () => {
      const refused = expect.objectContaining({ code: "ROOKERY_TOKEN_OPTION" });
      expect(() => Token.sign(secret, salt, 1, options as { clock: typeof clock })).toThrow(refused);
      expect(() => Token.verify(secret, salt, token42, options as { clock: typeof clock })).toThrow(refused);
    });
  }
});
