import fastify from "fastify";
import { databasePath } from "../workloads/orders-database.ts";
import { PlainOrders } from "../workloads/plain-orders.ts";

const wish = {
  type: "object",
  required: ["product_id", "quantity"],
  properties: { product_id: { type: "integer" }, quantity: { type: "integer", minimum: 1, maximum: 1000 } },
};
const body = {
  type: "object",
  required: ["order"],
  properties: {
    order: {
      type: "object",
      required: ["items"],
      properties: { items: { type: "array", minItems: 1, maxItems: 50, items: wish } },
    },
  },
};

interface Body {
  readonly order: { readonly items: readonly [{ readonly product_id: number; readonly quantity: number }] };
}

const orders = new PlainOrders(databasePath());
const server = fastify({ logger: process.env["LOG"] === "1" });
server.post("/api/v1/orders", { schema: { body } }, (request, reply) => {
  const [{ product_id, quantity }] = (request.body as Body).order.items;
  const order = orders.place(product_id, quantity);
  reply.code(201).header("location", `/api/v1/orders/${order.id}`);
  return { data: order };
});
server.get("/api/v1/products", () => ({ data: orders.products() }));
await server.listen({ host: process.env["HOST"]!, port: Number(process.env["PORT"]) });
console.log(`Fastify on port :${process.env["PORT"]}`);
