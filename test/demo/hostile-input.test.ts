import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { collectGarbage } from "../runtime/shards/collect-garbage.ts";
import { RunningDemo, type SignedIn } from "./running-demo.ts";

/** What the demo had to say of itself. Lines of requests are none of it. */
const complaints: string[] = [];
/** The status of each request, as the log has it. */
const statuses: number[] = [];
const complain = (fields: object, message: string): void =>
  void complaints.push(`${message} ${JSON.stringify(fields)}`);
const logger = {
  debug: () => {},
  info: ({ status }: { status?: number }) => void (status !== undefined && statuses.push(status)),
  warn: complain,
  error: complain,
};

const JSON_TYPE = "content-type: application/json";
const DEEP = 100_000;

let demo: RunningDemo;
let ada: SignedIn;

beforeAll(async () => {
  demo = await RunningDemo.start(1, logger);
  ada = await demo.signUp();
});
afterAll(() => demo[Symbol.asyncDispose]());

afterEach(async () => {
  assert.equal((await demo.get("/healthz")).status, 200);
  assert.deepEqual(complaints, []);
  assert.deepEqual(
    statuses.filter((status) => status >= 500),
    [],
  );
  assert.deepEqual(Object.keys(Object.prototype), []);
  const plain: Record<string, unknown> = {};
  assert.equal(plain["polluted"], undefined);
});

/** Sends exactly these bytes, and answers all that comes until the server closes the connection. */
async function exchange(bytes: Buffer | string): Promise<string> {
  const { hostname, port } = new URL(demo.url);
  const socket = connect(Number(port), hostname);
  // A server that has answered may not read the rest.
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(bytes);
  return text(socket);
}

/** The status of the one answer to a request of these lines, with a body. */
async function ask(
  line: string,
  headers: readonly string[] = [],
  body: Buffer | string = "",
): Promise<number> {
  const lengths =
    body.length === 0 || headers.some((header) => /^(content-length|transfer-encoding):/i.test(header));
  const length = lengths ? [] : [`content-length: ${Buffer.byteLength(body)}`];
  const head = [`${line} HTTP/1.1`, "host: demo", "connection: close", ...length, ...headers].join("\r\n");
  const answered = await exchange(
    Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), Buffer.from(body)]),
  );
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answered) ?? [];
  assert.ok(status !== undefined, `no answer to ${line.slice(0, 100)}: ${answered.slice(0, 100)}`);
  assert.equal(answered.match(/HTTP\/1\.1 \d{3} /g)!.length, 1);
  if (status >= "400") assert.match(answered, /\r\ncontent-type: application\/json; charset=utf-8\r\n/i);
  return Number(status);
}

const signUp = (body: Buffer | string, headers: readonly string[] = [JSON_TYPE]): Promise<number> =>
  ask("POST /api/v1/users", headers, body);
const order = (body: string): Promise<number> =>
  ask("POST /api/v1/orders", [JSON_TYPE, `authorization: Bearer ${ada.token}`], body);
const read = (path: string): Promise<number> => ask(`GET ${path}`, [`authorization: Bearer ${ada.token}`]);

/** Each has to be answered with the status that it stands under. */
async function expectEach(
  cases: Readonly<Record<number, readonly (string | Buffer)[]>>,
  send: (input: never) => Promise<number>,
): Promise<void> {
  for (const [status, inputs] of Object.entries(cases))
    for (const input of inputs)
      assert.equal(await send(input as never), Number(status), input.toString("utf8").slice(0, 200));
}

const user = (fields: object): string =>
  JSON.stringify({ user: { name: "Eve", email: "eve@example.com", password: "correct horse", ...fields } });
const item = (product: string, quantity: string): string =>
  `{"order":{"items":[{"product_id":${product},"quantity":${quantity}}]}}`;

describe("a body", () => {
  test("that is no JSON, or not what is asked for, is refused", () =>
    expectEach(
      {
        400: [
          "{",
          "}",
          '{"user":',
          '{"user":01}',
          '"',
          "[1,2",
          '{"user":{"name":NaN}}',
          "nul",
          "\u0000",
          "{'user':1}",
        ].concat([
          "null",
          "1",
          '"user"',
          "[]",
          "{}",
          '{"user":null}',
          '[{"user":{}}]',
          '{"User":{}}',
          "\ufeff[]",
        ]),
        422: ['{"user":[]}', '{"user":1}', '{"user":"x"}', '{"user":{}}', '{"user":{"user":{}}}'],
      },
      signUp,
    ));

  test("of numbers without end, or of no whole ones, orders nothing", () =>
    expectEach(
      {
        422: [
          "1e999",
          "-1e999",
          "18446744073709551616",
          "9007199254740993",
          "-1",
          "0",
          "1.5",
          "1e-7",
          "true",
          "null",
        ]
          .concat(["[]", "{}", '"0x1"', '"1; drop table orders"', '""', '" "', "9".repeat(10_000)])
          .flatMap((number) => [item(number, "1"), item("1", number)]),
      },
      order,
    ));

  test("that is nested 100,000 levels deep is refused", async () => {
    const deepList = "[".repeat(DEEP) + "]".repeat(DEEP);
    const deepObject = '{"a":'.repeat(DEEP) + "1" + "}".repeat(DEEP);
    const bodies = [deepList, deepObject].flatMap((deep) => [
      deep,
      `{"user":${deep}}`,
      `{"user":{"name":${deep}}}`,
      `{"order":{"items":${deep}}}`,
    ]);
    await expectEach({ 400: ["[".repeat(DEEP), ...bodies] }, signUp);
    await expectEach({ 400: bodies }, order);
  });

  test("with the keys of prototypes changes none", () =>
    expectEach(
      {
        400: [
          '{"__proto__":{"polluted":1},"user":{}}',
          '{"user":{"__proto__":{"polluted":1}}}',
          '{"user":{"\\u005f_proto__":{"polluted":1}}}',
          '{"user":{"constructor":{"prototype":{"polluted":1}}}}',
          '{"user":{"name":{"a":[{"__proto__":{"polluted":1}}]}}}',
        ],
        422: ['{"user":{"prototype":{"polluted":1},"toString":1,"valueOf":2,"hasOwnProperty":3}}'],
      },
      signUp,
    ));

  test("that is not UTF-8 is refused", () => {
    const [before, after] = user({ name: "|" }).split("|") as [string, string];
    const named = (...name: number[]): Buffer =>
      Buffer.concat([Buffer.from(before), Buffer.from(name), Buffer.from(after)]);
    const broken = [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]];
    return expectEach({ 400: broken.map((bytes) => named(...bytes)) }, signUp);
  });

  test("of another type is refused, and so is one that is too long or of two lengths", async () => {
    for (const type of [
      "text/plain",
      "application/xml",
      "multipart/form-data; boundary=x",
      "application/jsonp",
      "json",
      "*/*",
      "",
    ])
      assert.equal(await signUp(user({}), type === "" ? [] : [`content-type: ${type}`]), 415, type);
    assert.equal(await signUp(" ".repeat(1_100_000)), 413);
    assert.equal(await signUp("", [JSON_TYPE, "content-length: 99999999999"]), 413);
    for (const lengths of [
      ["2", "3"],
      ["2", "2"],
      ["-1"],
      ["2x"],
      ["0x2"],
      ["1e1"],
      ["18446744073709551617"],
    ])
      assert.equal(
        await signUp("{}", [JSON_TYPE, ...lengths.map((length) => `content-length: ${length}`)]),
        400,
        lengths.join(),
      );
    assert.equal(
      await signUp("0\r\n\r\n", [JSON_TYPE, "content-length: 5", "transfer-encoding: chunked"]),
      400,
    );
    assert.equal(await signUp("zz\r\n{}\r\n0\r\n\r\n", [JSON_TYPE, "transfer-encoding: chunked"]), 400);
  });

  test("of SQL is what it says, and nothing more", async () => {
    const sql = [
      "'; drop table users; --",
      '"; drop table users; --',
      "' or '1'='1",
      "1; attach database 'x' as y",
      "%' --",
      "?",
      "$1",
      ":name",
    ];
    for (const [index, name] of sql.entries()) {
      const email = `sql${index}@example.com`;
      assert.equal(await signUp(user({ name, email })), 201);
      const { users } = await rows(`select name from users where email = '${email}'`);
      assert.deepEqual(users, [{ name }]);
      const credentials = { email: name, password: name };
      assert.equal((await demo.post("/api/v1/sessions", credentials)).status, 401);
      assert.equal(await order(item(JSON.stringify(name), "1")), 422);
      const inPath = encodeURIComponent(name);
      for (const path of ["/api/v1/users/", "/api/v1/orders/"])
        assert.equal(await read(path + inPath), 404, path + name);
      assert.equal(await read(`/api/v1/rooms/${inPath}/messages`), 404);
      for (const field of ["limit", "after"])
        for (const path of ["/api/v1/users", "/api/v1/orders", "/api/v1/rooms", "/api/v1/rooms/1/messages"])
          assert.ok(
            [400, 422].includes(await read(`${path}?${field}=${inPath}`)),
            `${path} ${field} ${name}`,
          );
    }
  });
});

async function rows(query: string): Promise<{ users: unknown[] }> {
  const database = new Database(demo.databasePath, { readonly: true });
  try {
    return { users: database.prepare(query).all() };
  } finally {
    database.close();
  }
}

describe("a request", () => {
  test("with a path that is no UTF-8, or leads elsewhere, finds nothing", () =>
    expectEach(
      {
        400: [
          "/%",
          "/%ff",
          "/api/v1/users/%c0%80",
          "/api/v1/rooms/%ff/messages",
          "/%zz",
          "/api/v1/users/%e2%82",
        ],
        404: [
          "/..%2f..%2fpackage.json",
          "/%2e%2e/server.ts",
          "/../server.ts",
          "/.%00./package.json",
          "/index.html%00.js",
          "/api/v1/users/%00",
          "/api/v1/users/1%00",
          "/api/v1/users/__proto__",
          "/api/v1/users/constructor",
          "/api/v1/users/1e0",
          "/api/v1/users/0x1",
          "/api/v1/users/1e999",
          "/api/v1/users/18446744073709551617",
          "/api/v1/users/-1",
          `/api/v1/users/${"1".repeat(1_000)}`,
          `/${"a/".repeat(5_000)}`,
          "/__proto__",
          "/constructor/prototype",
        ],
      },
      read,
    ));

  test("of thousands of parameters, or of names that are no parameters, is answered as one without", async () => {
    assert.equal(await read(`/api/v1/products?${"a&".repeat(7_000)}`), 200);
    assert.equal(await read(`/api/v1/products?${"a=1&".repeat(10_000)}`), 431);
    for (const query of [
      "__proto__[polluted]=1",
      "constructor.prototype.polluted=1",
      "__proto__=1",
      "a[__proto__]=1",
      "%00=%00",
      "%ff=%ff",
    ])
      assert.equal(await read(`/api/v1/users?${query}`), 200, query);
    for (const value of [
      "1e999",
      "0",
      "-1",
      "101",
      "1.5",
      "%00",
      "%ff",
      "__proto__",
      "1&limit=2",
      "[]",
      "18446744073709551617",
    ])
      for (const field of ["limit", "after"]) {
        const status = await read(`/api/v1/users?${field}=${value}`);
        assert.ok(
          [400, 422].includes(status) || (field === "limit" && value === "101" && status === 200),
          `${field}=${value}: ${status}`,
        );
      }
  });

  test("with headers without end, or of bytes that no header has, is refused", async () => {
    assert.equal(await ask("GET /healthz", [`x: ${"x".repeat(100_000)}`]), 431);
    assert.equal(
      await ask(
        "GET /healthz",
        Array.from({ length: 5_000 }, (_, index) => `x${index}: 1`),
      ),
      431,
    );
    for (const header of ["x: a\0b", "x\0: 1", ": 1", "x y: 1", "x: 1\n y: 2\rz", "host: other\0"])
      assert.equal(await ask("GET /healthz", [header]), 400, JSON.stringify(header));
    for (const header of [
      "accept: application/xml",
      "accept: \xff",
      "accept: ;;;,,,",
      "accept: application/json;q=0",
    ])
      assert.equal(await ask("GET /api/v1/products", [header]), 406, header);
    for (const token of [
      "",
      "x",
      "\xff",
      "x".repeat(8_000),
      "__proto__",
      "null",
      "SFMyNTY.e30.x",
      "a.b.c",
      ". .",
      "%00",
    ])
      assert.equal(await ask("GET /api/v1/users", [`authorization: Bearer ${token}`]), 401, token);
    assert.equal(await ask("GET /healthz", ["x-request-id: \xff\xfe"]), 200);
  });

  test("that is none of HTTP is refused", async () => {
    for (const bytes of [
      "\0\0\0\0\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ])
      assert.match(await exchange(bytes), /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(bytes));
    assert.equal(await ask("FOO /healthz"), 400);
    for (const method of ["TRACE", "DELETE", "PROPFIND", "OPTIONS"])
      assert.equal(await ask(`${method} /healthz`), 404, method);
  });
});

test("none of it keeps memory", async () => {
  const bodies = [
    user({ name: "x".repeat(900_000) }),
    "[".repeat(DEEP),
    '{"user":{"__proto__":1}}',
    " ".repeat(1_100_000),
  ];
  const round = async (): Promise<number> => {
    for (let times = 0; times < 10; times += 1) {
      for (const body of bodies) await signUp(body);
      await ask("GET /healthz", [`x: ${"x".repeat(100_000)}`]);
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  await round();
  const before = await round();
  const grownBytes = (await round()) - before;
  assert.ok(grownBytes < 4_000_000, `${grownBytes} bytes more after the same again`);
});
