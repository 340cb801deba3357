import { Application, RookeryError } from "rookery";
import { readSettings } from "rookery/api";
import { z } from "zod";
import { wireTree } from "./wire/wire-tree.ts";

try {
  const { HOST: host, PORT: port } = readSettings(
    z.object({
      HOST: z.string().default("127.0.0.1"),
      PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
    }),
  );
  const onListening = ({ url }: { readonly url: string }): void => {
    process.stdout.write(`The wire server is listening on ${url}\n`);
  };
  await Application.run({ name: "wire-server", start: [wireTree({ host, port, onListening })] });
} catch (error) {
  // A start that fails has been reported by the application.
  if (error instanceof RookeryError && error.code === "ROOKERY_SETTINGS")
    process.stderr.write(`${error.message}\n`);
  else throw error;
  process.exitCode = 1;
}
