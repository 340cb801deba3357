import type { Generated, Selectable } from "kysely";

export interface ProductTable {
  readonly id: Generated<number>;
  readonly sku: string;
  readonly name: string;
  readonly price_cents: number;
  readonly stock: number;
}

export type Product = Selectable<ProductTable>;
