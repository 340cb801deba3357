import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { layerOf, sourceFiles } from "./support/source-files.ts";

const files = sourceFiles();
const guide = files.find(({ path }) => path === "docs/TELEMETRY.md")!.text;
const code = files
  .filter(({ path }) => layerOf(path) !== undefined && path.endsWith(".ts"))
  .map((file) => file.code)
  .join("\n");

/** An event as the sources declare it. */
interface Declared {
  readonly name: string;
  readonly measurements: readonly string[];
  readonly metadata: readonly string[];
}

/** The text from `start` on up to the bracket that closes the one before it. */
function enclosed(text: string, start: number, open: string, close: string): string {
  let depth = 1;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === open) depth += 1;
    else if (text[at] === close && text[at - 1] !== "=") depth -= 1;
    if (depth === 0) return text.slice(start, at);
  }
  throw new Error(`nothing closes ${text.slice(start, start + 40)}`);
}

/** The two arguments of a type. */
function typeArguments(text: string): readonly [string, string] {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if ("{<".includes(text[at]!)) depth += 1;
    else if ("}>".includes(text[at]!)) depth -= 1;
    else if (text[at] === "," && depth === 0) return [text.slice(0, at), text.slice(at + 1)];
  }
  throw new Error(`one argument only: ${text}`);
}

/** The names of the fields of a type: of an object type, an interface, what that extends, and an intersection. */
function fieldsOf(type: string): string[] {
  const literals: string[] = [];
  const rest = type.replace(/\{[^}]*\}/g, (literal) => {
    literals.push(...Array.from(literal.matchAll(/\breadonly (\w+)\??:/g), (match) => match[1]!));
    return "";
  });
  const named = rest
    .split("&")
    .map((name) => name.trim().replace(/,$/, ""))
    .filter((name) => name !== "" && !name.startsWith("Record<never"));
  return [...named.flatMap(interfaceFields), ...literals];
}

function interfaceFields(name: string): string[] {
  const head = new RegExp(`\\binterface ${name}(?: extends ([\\w, ]+))? \\{`).exec(code);
  assert.ok(head, `no interface ${name}`);
  const body = enclosed(code, head.index + head[0].length, "{", "}");
  const own = Array.from(body.matchAll(/^ {2}readonly (\w+)\??:/gm), (match) => match[1]!);
  return [...(head[1]?.split(",").flatMap((parent) => interfaceFields(parent.trim())) ?? []), ...own];
}

function declaredEvents(): Declared[] {
  const events: Declared[] = [];
  for (const head of code.matchAll(/\bexport const \w+: TelemetryEvent</g)) {
    const type = enclosed(code, head.index + head[0].length, "<", ">");
    const after = code.slice(head.index + head[0].length + type.length);
    const name = /^>\s*=\s*telemetryEvent\(\s*"([^"]+)"/.exec(after)?.[1];
    assert.ok(name, `no name behind ${head[0]}${type}`);
    const [measurements, metadata] = typeArguments(type);
    events.push({ name, measurements: fieldsOf(measurements), metadata: fieldsOf(metadata) });
  }
  return events;
}

const byName = (one: Declared, other: Declared): number => (one.name < other.name ? -1 : 1);

describe("the guide to telemetry", () => {
  test("has a row for each event, with its measurements and its metadata", () => {
    const rows = Array.from(
      guide.matchAll(/^\| `([a-z_.]+)` \| [^|]{5,} \|([^|]*)\|([^|]*)\|$/gm),
      ([, name, measurements, metadata]): Declared => ({
        name: name!,
        measurements: Array.from(measurements!.matchAll(/`(\w+)`/g), (match) => match[1]!),
        metadata: Array.from(metadata!.matchAll(/`(\w+)`/g), (match) => match[1]!),
      }),
    );
    const declared = declaredEvents();
    assert.ok(declared.length > 20, `saw only ${declared.length} events`);
    assert.equal(declared.length, code.match(/(?<!function )\btelemetryEvent\(\s*"/g)!.length);
    expect(rows.toSorted(byName)).toEqual(declared.toSorted(byName));
  });

  test("shows the examples as they are compiled and run here", () => {
    const examples = files.filter(({ path }) => path.startsWith("test/examples/telemetry/"));
    assert.equal(examples.length, 3);
    for (const { path, text } of examples) {
      const name = path.split("/").at(-1)!;
      assert.ok(
        guide.includes(`\`\`\`ts\n// ${name}\n${text}\`\`\`\n`),
        `${name} stands in the guide otherwise`,
      );
    }
  });

  test("shows examples that export spans from every shard, and metrics of all of them", async () => {
    const cwd = fileURLToPath(new URL("examples/telemetry/", import.meta.url));
    const server = spawn(process.execPath, ["--import", "./tracing.ts", "server.ts"], { cwd });
    onTestFinished(() => void server.kill("SIGKILL"));
    let output = "";
    for (const stream of [server.stdout, server.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const urlOf = (): string => /listening on (http:\S+)/.exec(output)?.[1] ?? "";
    await expect.poll(urlOf).not.toBe("");
    const headers = {
      connection: "close",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    const orders = 16;
    for (let order = 0; order < orders; order += 1)
      await (await fetch(`${urlOf()}/orders`, { method: "POST", headers })).text();
    const authorization = "Bearer a-long-secret-of-the-scraper";
    await expect
      .poll(async () => (await fetch(`${urlOf()}/metrics`, { headers: { authorization } })).text())
      .toContain(`\nshop_paid_cents_total{currency="EUR"} ${orders * 250}\n`);
    const spans = (): number => output.match(/name: 'POST \/orders'/g)?.length ?? 0;
    await expect.poll(spans).toBe(orders);
    assert.equal(output.match(/traceId: '0af7651916cd43dd8448eb211c80319c',\n {2}parent/g)?.length, orders);
  });
});
