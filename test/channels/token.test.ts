import { createHmac, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { assert, describe, expect, test } from "vitest";
import { Token } from "../../channels/token.ts";
import { encodeTerm } from "../../channels/token/encode-term.ts";
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

const encrypted: readonly (readonly [name: string, data: unknown, token: string, options?: object])[] = [
  ["a number", 42, "XCP.KFHn2Aq6j1G1B7BVwlGZLMfdbK4PdtOL8BHBpXlKS5f76NRCBCVKT7Pcfv7yLCAvUny5RQJNh1sgJg0"],
  [
    "a map",
    { user_id: 7 },
    "XCP.c0KAXkI1qaJ-G_AAj3FlaOrLKfBRk-tHZpCVkXokoYdChOX4uBqpHbmKek-S6MDXFsuvAa9fbKYQyJFF7POlzfzOvlmy_miIH9P7ug",
  ],
  [
    "a key derived otherwise",
    { user_id: 7 },
    "XCP.MVa7MeKcyhSL7qLrd2Uh-_ALFolQvksrd79Izf8e9qk6v1TGeCRwb_q5T8luJsV7wC1Y1TS-vFDALQUOnLtZdUvRsVC-xTszhwBIcg",
    { keyDigest: "sha384", keyIterations: 10 },
  ],
  [
    "plug_crypto 1, AES of 128 bits",
    42,
    "QTEyOEdDTQ.U7FvWj3pCuZdZjzyEMztycFEuxrwNtpcNxw-WoWKEBgFBQUFBQUFBQUFBQU.CQkJCQkJCQkJCQkJ.IcZoMHO7yqsKCb3PQk4.Ezg53fYyI8R_iWho3UtVOQ",
  ],
  [
    "plug_crypto 1, AES of 256 bits",
    42,
    "QTEyOEdDTQ.U7FvWj3pCuZdZjzyEMztyZ9lCuBjxrRYBGAIWXAGG-In-Iz_s2i5orVUR4WDUslwBQUFBQUFBQUFBQUF.CQkJCQkJCQkJCQkJ.pO2G9ZSex2GgCi73bes.oob07M--maRWXxGerHRz4g",
  ],
];

/** Signed by plug_crypto, too, in forms that `sign` of today doesn't make. */
const older: readonly (readonly [name: string, data: unknown, token: string])[] = [
  [
    "an age of infinity",
    tuple(
      Symbol.for("ok"),
      new Map<unknown, unknown>([
        [Symbol.for("b"), null],
        ["a", [1, -2, 300, 70_000, 3.5]],
      ]),
    ),
    "SFMyNTY.g2gDaAJkAAJva3QAAAACZAABYmQAA25pbG0AAAABYWwAAAAFYQFi_____mIAAAEsYgABEXBGQAwAAAAAAABqbgYAAGjlz4sBZAAIaW5maW5pdHk.KYk19GaFZNgxIr16FAcUjKtQxvEU-6Ww9NKERfTnH0M",
  ],
  [
    "SHA-384",
    42,
    "SFMzODQ.g2gDYSpuBgAAaOXPiwFiAAFRgA.b-3CT9knTvZgm0TcbZOhBx1qLBr84bNK6KBwOjDW6_jigdrJ3f8j8uKhUUvYpiPS",
  ],
  [
    "SHA-512",
    42,
    "SFM1MTI.g2gDYSpuBgAAaOXPiwFiAAFRgA.KS0Uf8jtWezPYw38c0uHq5yvTBNXm-znDfFnN6yXu2OdOHWV2pDTzdN1xzys7gr7LNwmnuHBO0uxUHyxB32eyA",
  ],
  ["no age", 42, "SFMyNTY.g2gCYSpuBgAAaOXPiwE.NciCFAOVifxGyR4CCm31y2eRaAVHpZzjjDDtWuGHzr8"],
  [
    "a map of data and time",
    42,
    "SFMyNTY.g3QAAAACZAAEZGF0YWEqZAAGc2lnbmVkbgYAAGjlz4sB.HlvIFAx-InsImrFM4HT-QaswRnUt0N-mZK_yH5uq5hY",
  ],
];

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
    const verify = (options: { maxAge?: number }) =>
      Token.verify(secret, salt, token42, { clock: at(signedAt - 1), ...options });
    assert.deepEqual(verify({}), { ok: false, reason: "invalid" });
    assert.deepEqual(verify({ maxAge: 10 }), { ok: false, reason: "invalid" });
  });

  test("asks for no time where the age doesn't matter, and takes nothing of no age, as Phoenix does", () => {
    const verify = (maxAge: number) =>
      Token.verify(secret, salt, token42, { clock: at(signedAt - 1), maxAge });
    assert.deepEqual(verify(Infinity), { ok: true, data: 42 });
    assert.deepEqual(verify(0), { ok: false, reason: "expired" });
  });

  for (const [name, data, token] of older) {
    test(`reads Phoenix's token of ${name}`, () => {
      const result = Token.verify(secret, salt, token, { clock });
      assert.isTrue(result.ok);
      expect(result.ok && result.data).toEqual(data);
    });
  }

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

describe("Token.encrypt and Token.decrypt", () => {
  const secretSalt = "user secret";
  const [, , encrypted42] = encrypted[0]!;

  for (const [name, data, token, options] of encrypted) {
    test(`reads what Phoenix encrypted: ${name}`, () => {
      const result = Token.decrypt(secret, secretSalt, token, { clock, ...options });
      assert.isTrue(result.ok);
      expect(result.ok && result.data).toEqual(data);
    });
  }

  test("reads what it encrypted, and never encrypts the same way twice", () => {
    for (const data of [42, "", "ž", { user_id: 7 }, ["x".repeat(1_000)], new Uint8Array([255])]) {
      const token = Token.encrypt(secret, secretSalt, data, { clock });
      assert.notEqual(Token.encrypt(secret, secretSalt, data, { clock }), token);
      const result = Token.decrypt(secret, secretSalt, token, { clock });
      expect(result.ok && result.data).toEqual(data);
    }
  });

  test("shows nothing of the data", () => {
    const token = Token.encrypt(secret, secretSalt, "rosebud", { clock });
    assert.notInclude(Buffer.from(token.slice(4), "base64url").toString("latin1"), "rosebud");
  });

  test("counts the age as verify does", () => {
    const decrypt = (seconds: number, maxAge?: number) =>
      Token.decrypt(secret, secretSalt, encrypted42, {
        clock: at(signedAt + seconds),
        ...(maxAge === undefined ? {} : { maxAge }),
      });
    assert.deepEqual(decrypt(86_400), { ok: true, data: 42 });
    assert.deepEqual(decrypt(86_401), { ok: false, reason: "expired" });
    assert.deepEqual(decrypt(11, 10), { ok: false, reason: "expired" });
    assert.deepEqual(decrypt(-1), { ok: false, reason: "invalid" });
    assert.deepEqual(decrypt(1e9, Infinity), { ok: true, data: 42 });
  });

  test("refuses another secret, another salt, a token that is signed", () => {
    const invalid = { ok: false, reason: "invalid" } as const;
    assert.deepEqual(Token.decrypt(`${secret}x`, secretSalt, encrypted42, { clock }), invalid);
    assert.deepEqual(Token.decrypt(secret, salt, encrypted42, { clock }), invalid);
    assert.deepEqual(Token.decrypt(secret, salt, token42, { clock }), invalid);
    assert.deepEqual(Token.verify(secret, secretSalt, encrypted42, { clock }), invalid);
    assert.deepEqual(Token.decrypt(secret, secretSalt, null, { clock }), { ok: false, reason: "missing" });
  });

  for (const [name, , token, options] of encrypted) {
    test(`refuses a token in which any letter is another, or that is cut: ${name}`, () => {
      for (let at = 0; at < token.length; at += 1) {
        const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
        for (const wrong of [changed, token.slice(0, at), `${token.slice(0, at)}.${token.slice(at)}`]) {
          const result = Token.decrypt(secret, secretSalt, wrong, { clock, ...options });
          assert.deepEqual(result, { ok: false, reason: "invalid" }, wrong);
        }
      }
    });
  }

  test("refuses a key of another size than the algorithm has", () => {
    const refused = expect.objectContaining({ code: "ROOKERY_TOKEN_OPTION" });
    const options = { clock, keyLength: 64 };
    expect(() => Token.encrypt(secret, secretSalt, 1, options)).toThrow(refused);
    expect(() => Token.decrypt(secret, secretSalt, encrypted42, options)).toThrow(refused);
  });
});

describe("whatever comes as a token", () => {
  const reasons = ["invalid", "missing"];

  test("is refused, not thrown", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("SFMyNTY", "SFM1MTI", "XCP", "QTEyOEdDTQ", "", "g2gD"),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64url")),
    );
    const any = fc.oneof(
      fc.anything(),
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(".")),
    );
    fc.assert(
      fc.property(any, (token) => {
        for (const read of [Token.verify, Token.decrypt]) {
          const result = read(secret, salt, token as string, { clock });
          assert.isTrue(!result.ok && reasons.includes(result.reason));
        }
      }),
    );
  });

  test("is refused, not thrown, if it was signed well but holds something else", () => {
    const key = pbkdf2Sync(secret, salt, 1_000, 32, "sha256");
    const verify = (bytes: Uint8Array) => {
      const signed = `SFMyNTY.${Buffer.from(bytes).toString("base64url")}`;
      const signature = createHmac("sha256", key).update(signed).digest("base64url");
      return Token.verify(secret, salt, `${signed}.${signature}`, { clock });
    };
    const terms = [
      42,
      [],
      {},
      tuple(),
      tuple(1),
      tuple(1, 2, 3, 4),
      tuple(1, "x"),
      tuple(1, 2n ** 70n),
      null,
    ];
    for (const term of [...terms, tuple(1, 2, "x"), tuple(1, 2, Symbol.for("never")), new Map([[1, 2]])]) {
      assert.deepEqual(verify(encodeTerm(term)), { ok: false, reason: "invalid" });
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.deepEqual(verify(bytes), { ok: false, reason: "invalid" });
        assert.deepEqual(verify(Buffer.concat([Buffer.of(131), bytes])), { ok: false, reason: "invalid" });
      }),
    );
  });
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
