import { apiError } from "../errors.ts";
import { routesCommand, USAGE } from "./routes-command.ts";

/** Runs the command line of this process: prints to stdout, or what went wrong to stderr, and then exits with 1. */
async function main([command, ...args]: readonly string[]): Promise<void> {
  try {
    if (command !== "routes") throw apiError("ROOKERY_COMMAND", USAGE, command ?? "nothing");
    const lines = await routesCommand(args);
    process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

await main(process.argv.slice(2));
