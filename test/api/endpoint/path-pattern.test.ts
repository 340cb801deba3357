import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { matchPath } from "../../../api/endpoint/path-pattern.ts";

describe("matchPath", () => {
  test("a path without variables matches itself", () => {
    const match = matchPath("/socket/websocket");
    assert.deepEqual(match("/socket/websocket"), {});
    for (const path of ["/socket", "/socket/longpoll", "/Socket/websocket", "/", ""]) {
      assert.equal(match(path), undefined, path);
    }
  });

  test("how many slashes stand between the parts, and whether one ends the path, makes no difference", () => {
    const match = matchPath("/socket/:room/websocket");
    for (const path of ["/socket//7/websocket", "/socket/7/websocket/", "//socket/7///websocket//"])
      assert.deepEqual(match(path), { room: "7" }, path);
    assert.deepEqual(matchPath("//websocket")("/websocket"), {});
  });

  test("a variable is one part of the path, decoded, and not empty", () => {
    const match = matchPath("/socket/:room/users/:id");
    assert.deepEqual(match("/socket/lobby/users/7"), { room: "lobby", id: "7" });
    assert.deepEqual(match("/socket/a%2Fb%20%C5%BE/users/:id"), { room: "a/b ž", id: ":id" });
    for (const path of ["/socket//users/7", "/socket/a/b/users/7", "/socket/%ff/users/7"]) {
      assert.equal(match(path), undefined, path);
    }
  });

  test("a variable may have any name", () => {
    const variables = matchPath("/:__proto__")("/x");
    assert.deepEqual(Object.entries(variables!), [["__proto__", "x"]]);
  });
});
