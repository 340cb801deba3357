import { availableParallelism } from "node:os";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A runtime belongs to the thread that started it, so a test file gets what users have: a process's main thread.
    pool: "forks",
    // Tests wait most of the time, so two of them find room on two cores; Vitest by itself has one there.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Ends what hangs, and only that: a busy machine takes its time to start a server or a browser.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 120_000 } },
    // The sources are imported by Node itself, as in production, not through Vite's transform.
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
});

export default config;
