import assert from "node:assert/strict";
import { test } from "vitest";
import { served } from "../endpoint/served.ts";

test("a route has its line in the log at the level that it asks for, or none", async () => {
  const controller = { show: (): object => ({}) };
  const { endpoint, log } = await served((route) => {
    route.scope("/quiet", { log: false }, (quiet) => {
      quiet.get("/", controller, "show");
      quiet.get("/loud", controller, "show", { log: "warn" });
    });
  });
  await fetch(`${endpoint.url}/quiet`);
  await fetch(`${endpoint.url}/quiet/loud`);
  const { fields } = await log.line(({ level }) => level === "warn");
  assert.equal(fields["path"], "/quiet/loud");
  assert.equal(log.lines.length, 1);
});
