import { type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type DemoProcess, startDemo } from "../support/demo-process.ts";
import { ownPort } from "../support/own-port.ts";
import { findChromium, launchChromium } from "./chromium.ts";

const executable = findChromium();
const required = process.env["ROOKERY_BROWSER_TESTS"] === "required";
const WIDE = { width: 1_280, height: 800 };
const NARROW = { width: 390, height: 844 };

if (executable === undefined && !required) {
  process.stdout.write(
    "The page was not tested: no Chromium found. Debian has it: apt-get install chromium\n",
  );
}

// Where there is no browser, the line above says so. With ROOKERY_BROWSER_TESTS=required its absence is a failure.
describe.skipIf(executable === undefined && !required)("the page of the demo", () => {
  let demo: DemoProcess;
  const contexts: BrowserContext[] = [];
  const problems: string[] = [];

  beforeAll(async () => {
    if (executable === undefined) throw new Error("Expected Chromium on the PATH: apt-get install chromium");
    demo = await startDemo();
  });

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(problems.splice(0)).toEqual([]);
  });

  afterAll(() => demo?.[Symbol.asyncDispose]());

  /** A window of a browser of its own, in which a new user has signed up. */
  async function signUp(name: string, viewport = WIDE): Promise<Page> {
    const page = await openWindow(viewport);
    await page.getByRole("button", { name: "Create an account" }).click();
    const form = page.locator("#sign-up-form");
    await form.getByLabel("Name").fill(name);
    await form.getByLabel("Email").fill(`${name.toLowerCase()}@example.com`);
    await form.getByLabel("Password").fill("correct horse");
    await form.getByRole("button", { name: "Create account" }).click();
    await page.getByText("Connected", { exact: true }).waitFor();
    return page;
  }

  /** Waits until the page counts so many people in its room; on a wide window the count stands in no view. */
  function here(page: Page, count: number): Promise<void> {
    return page
      .locator("#people-count")
      .filter({ hasText: `${count} here` })
      .waitFor({ state: "attached" });
  }

  async function openWindow(viewport = WIDE): Promise<Page> {
    const context = await launchChromium(executable!, viewport);
    contexts.push(context);
    const page = context.pages()[0] ?? (await context.newPage());
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      // What the browser itself notes of the network (an answer 422, a server that is gone) the page shows to its user.
      const isNetwork = /^(Failed to load resource|WebSocket connection to)/.test(message.text());
      if (message.type() === "error" && !isNetwork) problems.push(message.text());
    });
    await page.goto(demo.url);
    return page;
  }

  test("a message typed in one window appears in the other, and presence shows both", async () => {
    const [ada, grace] = await Promise.all([signUp("Ada"), signUp("Grace", NARROW)]);
    await Promise.all([ada, grace].map((page) => page.goto(`${demo.url}/#/rooms/1`)));
    await Promise.all([ada, grace].map((page) => here(page, 2)));

    await ada.getByLabel("Message", { exact: true }).fill("Hello <b>colony</b>");
    await grace.getByText("Ada is typing").waitFor();
    await ada.keyboard.press("Enter");
    await grace.getByText("Hello <b>colony</b>").waitFor();
    await ada.getByText("Hello <b>colony</b>").waitFor();

    await ada.close();
    await here(grace, 1);
  });

  test("an order placed in one window appears in the other, and changes there when it is cancelled", async () => {
    const first = await signUp("Barbara");
    const second = await openWindow(NARROW);
    const form = second.locator("#sign-in-form");
    await form.getByLabel("Email").fill("barbara@example.com");
    await form.getByLabel("Password").fill("correct horse");
    await form.getByRole("button", { name: "Sign in" }).click();
    await second.getByText("Connected").waitFor();
    await second.goto(`${demo.url}/#/orders`);

    await first.goto(`${demo.url}/#/shop`);
    await first.locator("#catalogue > li").first().getByRole("button").last().click();
    await first.getByRole("button", { name: "Place order" }).click();

    const order = second.locator("#order-list > li").first();
    await order.getByText("Placed", { exact: true }).waitFor();
    await first.goto(`${demo.url}/#/orders`);
    await first.getByRole("button", { name: /^Cancel order/ }).click();
    await first.getByRole("button", { name: /^Yes, cancel/ }).click();
    await order.getByText("Cancelled", { exact: true }).waitFor();
  });

  test("says what is wrong at the field where it is wrong", async () => {
    const page = await openWindow(NARROW);
    await page.getByRole("button", { name: "Create an account" }).click();
    const form = page.locator("#sign-up-form");
    await form.getByLabel("Name").fill("Short");
    await form.getByLabel("Email").fill("short@example.com");
    await form.getByLabel("Password").fill("x");
    await form.getByRole("button", { name: "Create account" }).click();
    await page.locator("#sign-up-password-error").getByText("should be at least").waitFor();
  });

  test("shows that the connection is lost, and is back by itself when the server is", async () => {
    const PORT = String(await ownPort());
    const own = await startDemo({ PORT });
    const page = await openWindow();
    await page.goto(own.url);
    await page.getByRole("button", { name: "Create an account" }).click();
    const form = page.locator("#sign-up-form");
    await form.getByLabel("Name").fill("Edith");
    await form.getByLabel("Email").fill("edith@example.com");
    await form.getByLabel("Password").fill("correct horse");
    await form.getByRole("button", { name: "Create account" }).click();
    await page.getByText("Connected", { exact: true }).waitFor();
    await own[Symbol.asyncDispose]();
    await page.locator("#connection-text").filter({ hasNotText: "Connected" }).waitFor();
    await using _back = await startDemo({ PORT, DATABASE_PATH: own.databasePath });
    await page.getByText("Connected", { exact: true }).waitFor();
  });
});
