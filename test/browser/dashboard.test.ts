import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type DemoProcess, startDemo } from "../support/demo-process.ts";
import { answer, connected } from "../support/phoenix-client.ts";
import { findChromium, launchChromium } from "./chromium.ts";

const executable = findChromium();
const required = process.env["ROOKERY_BROWSER_TESTS"] === "required";
const WIDE = { width: 1_440, height: 900 };
const NARROW = { width: 390, height: 844 };
const TOKEN = "a token that only this test knows";

// Where there is no browser, the test of the demo's page says so.
describe.skipIf(executable === undefined && !required)("the dashboard", () => {
  let demo: DemoProcess;
  const contexts: BrowserContext[] = [];
  const problems: string[] = [];

  beforeAll(async () => {
    if (executable === undefined) throw new Error("Expected Chromium on the PATH: apt-get install chromium");
    demo = await startDemo({ DASHBOARD_TOKEN: TOKEN, DASHBOARD_CHAOS: "true", SHARDS: "2" });
  });

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(problems.splice(0)).toEqual([]);
  });

  afterAll(() => demo?.[Symbol.asyncDispose]());

  async function openWindow(viewport = WIDE, url = demo.url): Promise<Page> {
    const context = await launchChromium(executable!, viewport);
    contexts.push(context);
    const page = context.pages()[0] ?? (await context.newPage());
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      const isNetwork = /^(Failed to load resource|WebSocket connection to)/.test(message.text());
      if (message.type() === "error" && !isNetwork) problems.push(message.text());
    });
    await page.goto(`${url}/dashboard`);
    return page;
  }

  async function signIn(viewport = WIDE, url = demo.url): Promise<Page> {
    const page = await openWindow(viewport, url);
    await page.getByLabel("Token").fill(TOKEN);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("Connected", { exact: true }).waitFor();
    return page;
  }

  function goTo(page: Page, view: string): Promise<unknown> {
    return page.goto(`${demo.url}/dashboard#/${view}`);
  }

  /** Somebody in a room of the demo; answers what makes them say something there. */
  async function joinRoom(name: string): Promise<(body: string) => Promise<unknown>> {
    const post = async (path: string, body: object): Promise<{ data: { token: string } }> => {
      const headers = { "content-type": "application/json" };
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      return (await fetch(demo.url + path, init)).json() as Promise<{ data: { token: string } }>;
    };
    const user = { name, email: `${name.toLowerCase()}@example.com`, password: "correct horse" };
    await post("/api/v1/users", { user });
    const { data } = await post("/api/v1/sessions", { email: user.email, password: user.password });
    const socket = await connected(`${demo.url.replace("http", "ws")}/socket`, { token: data.token });
    const channel = socket.channel("room:1", {});
    expect((await answer(channel.join())).status).toBe("ok");
    return (body) => answer(channel.push("message:new", { body }));
  }

  /** Nothing of the page stands beyond the right edge of the window. */
  async function expectNoOverflow(page: Page): Promise<void> {
    const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(beyond)).toBe(0);
  }

  test("opens for the token only, and stays open when it is loaded again", async () => {
    const page = await openWindow();
    await page.getByLabel("Token").fill("a token that was guessed");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("That is not the token.").waitFor();
    await page.getByLabel("Token").fill(TOKEN);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.reload();
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").waitFor();
  });

  for (const [name, viewport] of [
    ["wide", WIDE],
    ["narrow", NARROW],
  ] as const) {
    test(`shows charts that move in a ${name} window, and every view fits`, async () => {
      const page = await signIn(viewport);
      const chart = page.locator('section.chart[aria-label="Reductions a second"]');
      for (const points of [2, 4]) await chart.and(page.locator(`[data-points="${points}"]`)).waitFor();
      expect(await page.locator(".uplot canvas").count()).toBe(6);
      for (const view of [
        "overview",
        "tree",
        "processes",
        "sockets",
        "topics",
        "stores",
        "crashes",
        "chaos",
        "telemetry",
      ]) {
        await goTo(page, view);
        await page.locator("#view h1").waitFor();
        await expectNoOverflow(page);
      }
      await page.getByText("phoenix.channel_joined").first().waitFor();
    });
  }

  test("shows a kill in the tree: another process, and one more restart", async () => {
    const page = await signIn();
    await goTo(page, "tree");
    const line = page
      .locator(".node-line")
      .filter({ has: page.getByText("presence", { exact: true }) })
      .first();
    const pid = (await line.locator("a.pid").textContent())!;
    await line.locator("a.pid").click();
    await page.getByText("RoomPresence").first().waitFor();
    await page.getByRole("button", { name: "Kill" }).click();
    await page.getByRole("button", { name: "Really kill it?" }).click();
    await page.getByText("This process is gone.").waitFor();
    await goTo(page, "tree");
    await line.getByText("↻ 1").waitFor();
    expect(await line.locator("a.pid").textContent()).not.toBe(pid);
  });

  async function startChaos(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
    await goTo(page, "chaos");
    await page.getByLabel("kill").waitFor();
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
    await page.getByRole("button", { name: "Start chaos" }).click();
    await page.getByRole("button", { name: "Really start it?" }).click();
    await page.getByText("running", { exact: true }).waitFor();
  }

  for (const [name, viewport] of [
    ["wide", WIDE],
    ["narrow", NARROW],
  ] as const) {
    test(`lets faults loose on a subtree in a ${name} window, lists them, and the tree shows it heal`, async () => {
      const page = await signIn(viewport);
      await startChaos(page, {
        "Below these supervisors": "demo.endpoint",
        "Never these, nor who is below them": "demo.endpoint/socket",
        "Faults a second": "5",
        Seed: "7",
      });
      const faults = page.getByRole("list", { name: "Faults, newest first" });
      await faults.locator("li").nth(3).waitFor();
      await expectNoOverflow(page);
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByText("stopped", { exact: true }).waitFor();
      for (const text of await faults.locator("li").allTextContents())
        expect(text).toMatch(/kill *demo\.endpoint\.(acceptor|drainer)( on 1)?$/);
      expect(await page.getByLabel("The same run again").textContent()).toContain('{"seed":7,');
      await page.getByText("Exactly this, as a script").click();
      await page.getByLabel("As a script").getByText('"atMs"').waitFor();
      await expectNoOverflow(page);
      await goTo(page, "tree");
      const killed = page.locator(".node-line").filter({ hasText: /^(acceptor|drainer)/ });
      await killed.locator(".badge").getByText("↻").first().waitFor();
    });
  }

  test("shows nothing of chaos where the program does not allow it", async () => {
    await using other = await startDemo({ DASHBOARD_TOKEN: TOKEN, SHARDS: "1" });
    const page = await signIn(WIDE, other.url);
    await page.getByRole("link", { name: "Telemetry" }).waitFor();
    expect(await page.getByRole("link", { name: "Chaos" }).count()).toBe(0);
    await page.goto(`${other.url}/dashboard#/chaos`);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
  });

  test("runs a script that is pasted, and says what is wrong with one", async () => {
    const page = await signIn();
    await goTo(page, "chaos");
    const paste = async (text: string): Promise<void> => {
      await page.getByLabel("The line of another run").fill(text);
      await page.getByRole("button", { name: "Run it", exact: true }).click();
      await page.getByRole("button", { name: "Really run it?" }).click();
    };
    await paste("kill stock");
    await page.getByText("Expected the line of a run, or a script, but that is neither.").waitFor();
    await paste('[{"atMs":5,"fault":"explode","target":"demo.presence"}]');
    await page.getByText(/^Expected a script .* but got .*"explode"/).waitFor();
    await paste(
      'the same run again: { seed: 9, script: [{"atMs":5,"fault":"flood of 2","target":"demo.presence"}] }',
    );
    await page.getByText("Run with seed 9").waitFor();
    await page.getByText("1 of 1 faults in").waitFor();
    await page.getByText("over", { exact: true }).waitFor();
  });

  test("shows a run that goes on, whoever kills the channel of the page meanwhile", async () => {
    const page = await signIn();
    await goTo(page, "chaos");
    await page.getByLabel("Never the dashboard's own").uncheck();
    await startChaos(page, { "These behaviours": "DashboardChannel", "Faults a second": "5", Seed: "8" });
    // Each of them kills the channel by which the next one is seen.
    await page.locator(".struck li").nth(3).waitFor();
    await page.getByText("Run with seed 8").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("stopped", { exact: true }).waitFor();
  });

  test("shows the frames of a socket that is tapped", async () => {
    const say = await joinRoom("Ada");
    const page = await signIn(NARROW);
    await goTo(page, "sockets");
    await page.getByRole("link", { name: "Tap" }).first().click();
    const frames = page.getByRole("list", { name: "Frames, newest first" });
    await page.getByText("Waiting for a frame.").waitFor();
    const said = frames.getByText("Hello colony").first();
    for (let n = 0; !(await said.isVisible()); n += 1) await say(`Hello colony ${n}`);
    await frames.getByText("from client").first().waitFor();
    await expectNoOverflow(page);
  });

  test("is searched, sorted and paged, and a process is traced", async () => {
    await joinRoom("Grace");
    const page = await signIn();
    await goTo(page, "processes");
    await page.getByLabel("Search").fill("RoomChannel");
    await page.locator("tbody tr").filter({ hasText: "room:1" }).first().waitFor();
    await page.getByRole("button", { name: "Reductions" }).click();
    await page.locator('th[aria-sort="descending"]').getByText("Reductions").waitFor();
    await page.getByRole("button", { name: "Reductions" }).click();
    await page.locator('th[aria-sort="ascending"]').getByText("Reductions").waitFor();
    await page.locator("tbody a").first().click();
    await page.getByRole("button", { name: "Trace", exact: true }).click();
    await page.getByRole("button", { name: "Stop trace" }).waitFor();
  });

  test("survives that its own channel is killed", async () => {
    const page = await signIn();
    await goTo(page, "processes");
    await page.getByLabel("Search").fill("DashboardChannel");
    await page.locator("tbody a").first().click();
    await page.getByRole("button", { name: "Kill" }).click();
    await page.getByRole("button", { name: "Really kill it?" }).click();
    await page.getByText("This process is gone.").waitFor();
    await page.getByText("Connected", { exact: true }).waitFor();
    await goTo(page, "overview");
    await page.locator('.tile:has-text("Shards") dd').getByText("2").waitFor();
  });
});
