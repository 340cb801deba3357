import type { FastifyRequest } from "fastify";
import { action, type Action, errorSchema } from "rookery/api";
import { z } from "zod";
import type { User } from "../accounts/user.ts";
import type { Orders } from "../orders/orders.ts";
import { pathTo } from "../paths.ts";
import { orderJson, orderSchema, ordersJson } from "../views/order-json.ts";
import { dataOf, pageOf, pageQuery } from "./page-query.ts";
import { recordParams } from "./record-params.ts";

/** What has to be in it is for the context to say, which has a message for each field. */
const placement = z.object({
  order: z.unknown().meta({
    type: "object",
    required: ["items"],
    properties: {
      items: {
        type: "array",
        minItems: 1,
        maxItems: 50,
        items: {
          type: "object",
          required: ["product_id", "quantity"],
          properties: {
            product_id: { type: "integer" },
            quantity: { type: "integer", minimum: 1, maximum: 1_000 },
          },
        },
      },
    },
  }),
});

/** The orders of whoever asks. Those of others are not found. */
export class OrderController {
  readonly #orders: Orders;
  readonly #currentUser: (request: FastifyRequest) => User;

  constructor(orders: Orders, currentUser: (request: FastifyRequest) => User) {
    this.#orders = orders;
    this.#currentUser = currentUser;
  }

  readonly index: Action = action(
    { query: pageQuery, responses: { 200: pageOf(orderSchema) } },
    async (request) => {
      const result = await this.#orders.orders(this.#currentUser(request).id, request.query);
      return result.ok ? ordersJson(result.value) : { error: result.error };
    },
  );

  readonly show: Action = action(
    { params: recordParams, responses: { 200: dataOf(orderSchema), 404: errorSchema } },
    async (request) => {
      const { id } = request.params;
      const order =
        id === undefined ? undefined : await this.#orders.order(this.#currentUser(request).id, id);
      return order === undefined ? { error: "not_found" } : { data: orderJson(order) };
    },
  );

  readonly create: Action = action(
    { body: placement, responses: { 201: dataOf(orderSchema) } },
    async (request, reply) => {
      const result = await this.#orders.place(this.#currentUser(request).id, request.body.order);
      if (!result.ok) return { error: result.error };
      reply.code(201).header("location", pathTo("/api/v1/orders/:id", { id: result.order }));
      return { data: orderJson(result.order) };
    },
  );

  readonly cancel: Action = action(
    { params: recordParams, responses: { 200: dataOf(orderSchema), 404: errorSchema, 409: errorSchema } },
    async (request) => {
      const { id } = request.params;
      if (id === undefined) return { error: "not_found" };
      const result = await this.#orders.cancel(this.#currentUser(request).id, id);
      return result.ok ? { data: orderJson(result.order) } : { error: result.error };
    },
  );
}
