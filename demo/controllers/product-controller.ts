import { action, type Action } from "rookery/api";
import { z } from "zod";
import type { Orders } from "../orders/orders.ts";
import { pageOf, pageQuery } from "./page-query.ts";

const product = z
  .object({ id: z.int(), sku: z.string(), name: z.string(), price_cents: z.int(), stock: z.int() })
  .meta({ id: "Product" });

export class ProductController {
  readonly #orders: Orders;

  constructor(orders: Orders) {
    this.#orders = orders;
  }

  readonly index: Action = action(
    { query: pageQuery, responses: { 200: pageOf(product) } },
    async ({ query }) => {
      const result = await this.#orders.products(query);
      return result.ok ? result.value : { error: result.error };
    },
  );
}
