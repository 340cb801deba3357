import type { FastifyReply, FastifyRequest } from "fastify";
import type { Failure, Page, PageParams } from "rookery/api";
import type { User } from "../accounts/user.ts";
import type { Orders } from "../orders/orders.ts";
import { recordId } from "../record-id.ts";
import { type OrderJson, orderJson, ordersJson } from "../views/order-json.ts";

type OrderAnswer = { readonly data: OrderJson } | Failure;

/** The orders of whoever asks. Those of others are not found. */
export class OrderController {
  readonly #orders: Orders;
  readonly #currentUser: (request: FastifyRequest) => User;

  constructor(orders: Orders, currentUser: (request: FastifyRequest) => User) {
    this.#orders = orders;
    this.#currentUser = currentUser;
  }

  async index(request: FastifyRequest): Promise<Page<OrderJson> | Failure> {
    const result = await this.#orders.orders(this.#currentUser(request).id, request.query as PageParams);
    return result.ok ? ordersJson(result.value) : { error: result.error };
  }

  async show(request: FastifyRequest): Promise<OrderAnswer> {
    const id = idOf(request);
    const order = id === undefined ? undefined : await this.#orders.order(this.#currentUser(request).id, id);
    return order === undefined ? { error: "not_found" } : { data: orderJson(order) };
  }

  async create(request: FastifyRequest, reply: FastifyReply): Promise<OrderAnswer> {
    const { order: params } = request.body as { order: unknown };
    const result = await this.#orders.place(this.#currentUser(request).id, params);
    if (!result.ok) return { error: result.error };
    reply.code(201).header("location", `/api/v1/orders/${result.order.id}`);
    return { data: orderJson(result.order) };
  }

  async cancel(request: FastifyRequest): Promise<OrderAnswer> {
    const id = idOf(request);
    if (id === undefined) return { error: "not_found" };
    const result = await this.#orders.cancel(this.#currentUser(request).id, id);
    return result.ok ? { data: orderJson(result.order) } : { error: result.error };
  }
}

function idOf({ params }: FastifyRequest): number | undefined {
  return recordId((params as { id: string }).id);
}
