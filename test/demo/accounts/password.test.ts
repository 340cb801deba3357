import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { hashPassword, verifyPassword } from "../../../demo/accounts/password.ts";

describe("hashPassword", () => {
  test("makes another hash each time, which says how it was made and not of what", async () => {
    const [one, other] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")]);
    assert.notEqual(one, other);
    assert.match(one, /^scrypt\$16384\$8\$5\$[\w-]{22}\$[\w-]{43}$/);
  });
});

describe("verifyPassword", () => {
  test("knows the password of a hash, however its letters are composed", async () => {
    const hash = await hashPassword("Zoë's café");
    assert.equal(await verifyPassword("Zoë's café".normalize("NFD"), hash), true);
    assert.equal(await verifyPassword("Zoe's cafe", hash), false);
  });

  test("verifies hashes of another cost", async () => {
    // RFC 7914, section 12, the key cut to 32 bytes: password "password", salt "NaCl", N 1024, r 8, p 16
    const salt = Buffer.from("NaCl").toString("base64url");
    const key = Buffer.from("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162", "hex");
    const hash = `scrypt$1024$8$16$${salt}$${key.toString("base64url")}`;
    assert.equal(await verifyPassword("password", hash), true);
    assert.equal(await verifyPassword("passwort", hash), false);
  });

  test("refuses any password when there is no hash", async () => {
    assert.equal(await verifyPassword("", undefined), false);
  });
});
