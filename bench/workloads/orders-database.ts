import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const CALLERS = 64;
/** What each order asks for. */
export const WISH: { readonly product_id: number; readonly quantity: number } = {
  product_id: 3,
  quantity: 1,
};
export const STOCK = 1_000_000_000;

/** A fresh file for the database of a run. */
export function databasePath(): string {
  return join(mkdtempSync(join(tmpdir(), "rookery-bench-")), "orders.db");
}

/** As many callers as the cases have, each with its next order once the one before is on the disk. */
export async function placeAll(orders: number, place: () => Promise<void>): Promise<void> {
  let left = orders;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await place();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}
