import type { FastifyRequest } from "fastify";
import type { Failure, Page, PageParams } from "rookery/api";
import type { Orders } from "../orders/orders.ts";
import type { Product } from "../orders/product.ts";

export class ProductController {
  readonly #orders: Orders;

  constructor(orders: Orders) {
    this.#orders = orders;
  }

  async index({ query }: FastifyRequest): Promise<Page<Product> | Failure> {
    const result = await this.#orders.products(query as PageParams);
    return result.ok ? result.value : { error: result.error };
  }
}
