import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Client } from "pg";
import { afterAll, beforeAll, describe, test } from "vitest";
import { createLogger } from "../../../../api/logger.ts";
import { change } from "../../../../api/repo/changeset.ts";
import type { Violation } from "../../../../api/repo/constraint.ts";
import { violationOf } from "../../../../api/repo/postgres/postgres-errors.ts";
import { hasPostgres } from "../../../support/postgres-server.ts";
import { postgres } from "../databases.ts";
import { TemporaryRepo } from "../temporary-repo.ts";

let client: Client;

beforeAll(async () => {
  if (!hasPostgres) return;
  client = new Client({ connectionString: await (await postgres()).freshUrl() });
  await client.connect();
  await client.query(`
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (
      a TEXT NOT NULL DEFAULT '', b INTEGER UNIQUE, c INTEGER, "Odd Name" INTEGER UNIQUE,
      parent INTEGER REFERENCES parent (id), span INT4RANGE,
      CONSTRAINT together UNIQUE (a, c), CONSTRAINT positive CHECK (c > 0),
      CONSTRAINT apart EXCLUDE USING gist (span WITH &&)
    );
    CREATE UNIQUE INDEX child_lower ON child (lower(a), parent);
    INSERT INTO parent VALUES (1);
    INSERT INTO child VALUES ('x', 1, 1, 1, 1, '[1,3)');
  `);
});

afterAll(async () => {
  await client?.end();
});

describe.runIf(hasPostgres)("what PostgreSQL says of a broken constraint", () => {
  const table = "child";
  const cases: [string, Violation][] = [
    ["INSERT INTO child (b) VALUES (1)", { kind: "unique", on: ["b"], name: "child_b_key", table }],
    [
      `INSERT INTO child ("Odd Name") VALUES (1)`,
      { kind: "unique", on: ["Odd Name"], name: "child_Odd Name_key", table },
    ],
    ["INSERT INTO child (a, c) VALUES ('x', 1)", { kind: "unique", on: ["a", "c"], name: "together", table }],
    [
      "INSERT INTO child (a, parent) VALUES ('X', 1)",
      { kind: "unique", on: "child_lower", name: "child_lower", table },
    ],
    [
      "INSERT INTO child (a, parent) VALUES ('like a detail: (b)=(1)', 1), ('LIKE A DETAIL: (b)=(1)', 1)",
      { kind: "unique", on: "child_lower", name: "child_lower", table },
    ],
    ["INSERT INTO child (c) VALUES (0)", { kind: "check", on: "positive" }],
    ["INSERT INTO child (span) VALUES ('[2,5)')", { kind: "exclusion", on: "apart" }],
    ["INSERT INTO child (a) VALUES (NULL)", { kind: "not_null", on: "child.a" }],
    [
      "INSERT INTO child (parent) VALUES (7)",
      { kind: "foreign_key", on: ["parent"], name: "child_parent_fkey", table },
    ],
    ["DELETE FROM parent", { kind: "foreign_key", on: ["id"], name: "child_parent_fkey", table }],
  ];
  for (const [statement, violation] of cases) {
    test(`is ${violation.kind} on ${String(violation.on)} for ${statement}`, async () => {
      await assert.rejects(client.query(statement), (error) => {
        assert.deepEqual(violationOf(error), violation);
        return true;
      });
    });
  }

  test("never gets into a log with the values of the row", async () => {
    await using temporary = await TemporaryRepo.start({ url: await (await postgres()).freshUrl() });
    const { repo } = temporary;
    await temporary.addUser("ada@example.com");
    const lines: string[] = [];
    const logger = createLogger({ destination: { write: (line) => void lines.push(line) } });
    const failures = [
      () => repo.insertAll("users", [{ email: "ada@example.com" }]),
      () => repo.insertAll("users", [{ email: null as unknown as string, name: "ada@example.com" }]),
      () => repo.insert("users", change({ email: "ada@example.com" })),
    ];
    for (const fail of failures) {
      const err: unknown = await fail().catch((error: unknown) => error);
      assert.ok(err instanceof Error);
      logger.error({ err, reason: [err] }, String(err));
      lines.push(inspect(err));
    }
    assert.equal(lines.length, 6);
    for (const line of lines) assert.doesNotMatch(line, /ada@example\.com/);
  });

  test("is nothing where another error only looks like one", async () => {
    await assert.rejects(client.query("SELECT nothing"), (error) => violationOf(error) === undefined);
    assert.equal(violationOf(Object.assign(new Error("no"), { code: "23505" })), undefined);
  });
});
