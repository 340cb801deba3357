import { afterAll, beforeAll, describe } from "vitest";
import { hasPostgres, type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { useDemoOn } from "../demo-case.ts";

let server: PostgresServer;

beforeAll(async () => {
  if (!hasPostgres) return;
  server = await startPostgres();
  useDemoOn(server.url);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

// The same tests: what a client sees does not depend on the database.
describe.runIf(hasPostgres)("on PostgreSQL", async () => {
  await import("./order-controller.test.ts");
  await import("./room-controller.test.ts");
  await import("./session-controller.test.ts");
  await import("./user-controller.test.ts");
});
