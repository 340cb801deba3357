import fastify from "fastify";
import { Runtime } from "rookery";
import { onePage } from "../workloads/million-rows.ts";

// Answers every request with the PAGE-th page of a million rows.
const runtime = await Runtime.start();
const page = await onePage(runtime, Number(process.env["PAGE"]));
const server = fastify();
server.get("/page", async () => {
  const result = await page.read();
  return result.ok ? result.value : result;
});
await server.listen({ host: process.env["HOST"]!, port: Number(process.env["PORT"]) });
console.log(`Page ${process.env["PAGE"]} on port :${process.env["PORT"]}`);
