import { Application } from "rookery";
import { wireTree } from "./wire/wire-tree.ts";

const { HOST = "127.0.0.1", PORT = "4000" } = process.env;

await Application.run({
  name: "wire-server",
  start: [
    wireTree({
      host: HOST,
      port: Number(PORT),
      onListening: ({ url }) => process.stdout.write(`The wire server is listening on ${url}\n`),
    }),
  ],
});
