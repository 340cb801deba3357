import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Contender } from "./bench-case.ts";

const execute = promisify(execFile);

/** Compiles the workloads for the BEAM. Answers what makes its contenders, none where Erlang is not installed. */
export async function beam(): Promise<(workload: string, schedulers?: readonly number[]) => Contender[]> {
  const source = fileURLToPath(new URL("./beam/workloads.erl", import.meta.url));
  const target = mkdtempSync(join(tmpdir(), "rookery-beam-"));
  try {
    await execute("erlc", ["+inline", "-o", target, source]);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    return () => [];
  }
  // Which of the two suits the BEAM better depends on the workload; both are shown.
  return (workload, schedulers = [1, 2]) => schedulers.map((count) => contender(workload, count, target));
}

function contender(workload: string, schedulers: number, path: string): Contender {
  const flags = ["+S", `${schedulers}:${schedulers}`, "+P", "1000000", "-noshell", "-pa", path];
  return {
    name: `BEAM, ${schedulers} scheduler${schedulers > 1 ? "s" : ""}`,
    async measure() {
      const { stdout } = await execute("erl", [...flags, "-eval", `workloads:run('${workload}').`]);
      return { figure: Number(stdout) };
    },
  };
}
