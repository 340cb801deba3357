import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A runtime belongs to the thread that started it, so a test file gets what users have: a process's main thread.
    pool: "forks",
    // The sources are imported by Node itself, as in production, not through Vite's transform.
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
});
