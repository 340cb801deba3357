import { accessSync, constants, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Chromium talks to nobody but the page, and starts where there is no sandbox for it, as for root. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Ends what hangs, and only that. */
const TIMEOUT_MS = 120_000;

/** Where the system's Chromium is, if it has one. Nothing is downloaded. */
export function findChromium(): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** A browser of its own, with nothing stored, as a new user has it. Closing it ends it. */
export async function launchChromium(
  executablePath: string,
  viewport: { width: number; height: number },
): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), "rookery-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: ARGS,
    headless: true,
    viewport,
    timeout: TIMEOUT_MS,
  });
  context.setDefaultTimeout(TIMEOUT_MS);
  return context;
}
