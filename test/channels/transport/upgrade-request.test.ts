import { assert, describe, test } from "vitest";
import { readSubprotocols, refuseUpgrade } from "../../../channels/transport/upgrade-request.ts";

const good: readonly (readonly [string, string])[] = [
  ["Host", "x"],
  ["Connection", "keep-alive, Upgrade"],
  ["Upgrade", "WebSocket"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Version", "13"],
];

/** Why a good request is refused whose header `name` has other values. */
function refusal(name: string, ...values: string[]): string | undefined {
  const kept = good.filter(([other]) => other !== name);
  const rawHeaders = [...kept, ...values.map((value) => [name, value] as const)].flat();
  const answer = refuseUpgrade({ method: "GET", headers: {}, rawHeaders });
  assert.equal(answer?.status ?? 400, 400);
  return answer?.text;
}

describe("refuseUpgrade", () => {
  test("lets a WebSocket handshake pass", () => assert.isUndefined(refusal("Host", "x")));

  test("refuses another method with an empty text", () => {
    assert.deepEqual(refuseUpgrade({ method: "POST", headers: {}, rawHeaders: good.flat() }), {
      status: 400,
      text: "",
    });
  });

  test("says which header is missing or wrong", () => {
    assert.equal(refusal("Connection", "close"), `'connection' header must contain 'upgrade', got ["close"]`);
    assert.equal(refusal("Connection"), `'connection' header must contain 'upgrade', got []`);
    assert.equal(refusal("Upgrade", "h2c"), `'upgrade' header must contain 'websocket', got ["h2c"]`);
    assert.equal(refusal("Sec-WebSocket-Key"), "'sec-websocket-key' header is absent");
    assert.equal(
      refusal("Sec-WebSocket-Key", "short"),
      `'sec-websocket-key' header must be 16 bytes in base64, got ["short"]`,
    );
    assert.equal(
      refusal("Sec-WebSocket-Version", "8"),
      `'sec-websocket-version' header must equal '13', got ["8"]`,
    );
    assert.equal(refusal("Sec-WebSocket-Version"), `'sec-websocket-version' header must equal '13', got []`);
  });

  test("reads a header that stands on several lines", () => {
    assert.isUndefined(refusal("Connection", "keep-alive", "upgrade"));
    assert.equal(
      refusal("Connection", "a", "b, c"),
      `'connection' header must contain 'upgrade', got ["a", "b, c"]`,
    );
  });
});

describe("readSubprotocols", () => {
  const plain = { authToken: false, subprotocols: [] };
  const withToken = { authToken: true, subprotocols: [] };

  test("ignores what the client offers where none is known", () => {
    const ignored = { selected: undefined, authToken: undefined, refused: false };
    assert.deepEqual(readSubprotocols("graphql, phoenix", plain), ignored);
    assert.deepEqual(readSubprotocols("phoenix, base64url.bearer.phx.YWJj", plain), ignored);
    assert.deepEqual(readSubprotocols(undefined, plain), ignored);
  });

  test("takes the token out of the offer and answers phoenix", () => {
    const read = { selected: "phoenix", authToken: "abc?>", refused: false };
    // With the alphabet of btoa, with that of URLs, and with padding.
    assert.deepEqual(readSubprotocols("phoenix, base64url.bearer.phx.YWJjPz4", withToken), read);
    assert.deepEqual(readSubprotocols("base64url.bearer.phx.YWJjPz4=,phoenix", withToken), read);
    const tilde = readSubprotocols("phoenix, base64url.bearer.phx.fn5-", withToken);
    assert.deepEqual(tilde, readSubprotocols("phoenix, base64url.bearer.phx.fn5+", withToken));
    assert.equal(tilde.authToken, "~~~");
  });

  test("does without token and without protocols", () => {
    assert.deepEqual(readSubprotocols(undefined, withToken), {
      selected: undefined,
      authToken: undefined,
      refused: false,
    });
    assert.deepEqual(readSubprotocols("phoenix", withToken), {
      selected: "phoenix",
      authToken: undefined,
      refused: false,
    });
  });

  test("selects the first of its own that the client offers, and refuses when there is none", () => {
    const options = { authToken: false, subprotocols: ["v2", "v1"] };
    assert.equal(readSubprotocols("v1, v2", options).selected, "v2");
    assert.equal(readSubprotocols("v1", options).selected, "v1");
    assert.isTrue(readSubprotocols("v3", options).refused);
    assert.isFalse(readSubprotocols(undefined, options).refused);
    assert.isTrue(readSubprotocols("other", withToken).refused);
  });
});
