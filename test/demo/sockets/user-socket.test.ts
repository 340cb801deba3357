import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { broadcastTo } from "rookery/channels";
import { afterAll, beforeAll, describe, test } from "vitest";
import { names } from "../../../demo/demo-tree.ts";
import { RunningDemo, type SignedIn } from "../running-demo.ts";

let demo: RunningDemo;
let ada: SignedIn;

beforeAll(async () => {
  demo = await RunningDemo.start();
  ada = await demo.signUp("Ada");
});
afterAll(() => demo[Symbol.asyncDispose]());

/** The status with which a handshake is answered. */
function handshake(query: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const upgrade = {
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "sec-websocket-version": "13",
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const request = get(`${demo.url}/socket/websocket?${query}&vsn=2.0.0`, { headers: upgrade });
    const settle = (response: IncomingMessage): void => {
      resolve(response.statusCode);
      request.destroy();
    };
    request.on("response", settle).on("upgrade", settle).on("error", reject);
  });
}

describe("/socket/websocket", () => {
  test("lets a user in with a token", async () => {
    assert.equal(await handshake(`token=${ada.token}`), 101);
  });

  test("refuses no token, a bad one and one that is no text with 403", async () => {
    for (const query of ["", "token=", "token=nonsense", `token=${ada.token}x`, `token[a]=${ada.token}`]) {
      assert.equal(await handshake(query), 403, query);
    }
  });

  test("refuses pages of other hosts with 403", async () => {
    const query = `token=${ada.token}`;
    assert.equal(await handshake(query, { origin: "https://elsewhere.example" }), 403);
    assert.equal(await handshake(query, { origin: demo.url }), 101);
  });

  test("is closed with 1001 by a disconnect of its user, and of nobody else", async () => {
    const grace = await demo.signUp("Grace");
    const [own, other] = await Promise.all([
      demo.socket({ token: ada.token }),
      demo.socket({ token: grace.token }),
    ]);
    const code = new Promise<number>((resolve) => own.onClose((event) => resolve(event.code)));
    broadcastTo(demo.runtime, names.pubsub, `user_socket:${ada.id}`, "disconnect", {});
    assert.equal(await code, 1001);
    assert.ok(other.isConnected());
  });
});
