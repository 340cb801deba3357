import fastify from "fastify";

const server = fastify({ logger: process.env["LOG"] === "1" });
server.get("/healthz", () => ({ status: "ok" }));
await server.listen({ host: process.env["HOST"]!, port: Number(process.env["PORT"]) });
console.log(`Fastify on port :${process.env["PORT"]}`);
