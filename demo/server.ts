import { Application, Supervisor } from "rookery";
import { createLogger } from "rookery/api";
import { demoTree } from "./demo-tree.ts";
import { demoSettings, type Settings } from "./settings.ts";

function settingsOrExit(): Settings {
  try {
    return demoSettings(process.env);
  } catch (error) {
    process.stderr.write(`demo could not start: ${(error as Error).message}\n`);
    process.exit(1);
  }
}

const { logLevel, ...settings } = settingsOrExit();

await Application.run({
  name: "demo",
  runtime: { logger: createLogger({ level: logLevel }) },
  start: [
    {
      id: "demo",
      type: "supervisor",
      start: (parent) => {
        const tree = demoTree(parent.runtime, settings, ({ url }) => {
          process.stdout.write(`Rookery is listening on ${url}\n`);
        });
        return parent.startLink(Supervisor, { strategy: "one_for_one", children: [tree] });
      },
    },
  ],
});
