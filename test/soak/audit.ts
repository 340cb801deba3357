import SqliteDatabase from "better-sqlite3";
import type { AskedOrder, Ledger } from "./ledger.ts";

/** The product that all orders are of. */
export const PRODUCT_ID = 3;

interface OrderRow {
  readonly id: number;
  readonly user_id: number;
  readonly status: string;
  readonly quantity: number | null;
  readonly items: number;
  readonly total_cents: number;
  readonly sum_cents: number | null;
}

/** By the id of a product. */
export type Stock = ReadonlyMap<number, number>;

/** How much there is of each product. */
export function stockIn(path: string): Stock {
  const database = new SqliteDatabase(path, { readonly: true });
  const rows = database.prepare("select id, stock from products").raw().all() as [number, number][];
  database.close();
  return new Map(rows);
}

/** What is wrong with the database, as somebody sees it who has nothing to do with the demo: one line each. */
export function audit(path: string, ledger: Ledger, before: Stock): string[] {
  const database = new SqliteDatabase(path, { readonly: true });
  try {
    return [
      ...messagesWrong(database, ledger),
      ...ordersWrong(database, ledger),
      ...stockWrong(database, before),
    ];
  } finally {
    database.close();
  }
}

function messagesWrong(database: SqliteDatabase.Database, { messages }: Ledger): string[] {
  const rows = database.prepare("select id, body from messages").all() as { id: number; body: string }[];
  const byBody = Map.groupBy(rows, ({ body }) => body);
  return messages.flatMap(({ body, id }) => {
    const saved = byBody.get(body) ?? [];
    if (saved.length > 1) return [`the message "${body}" is there ${saved.length} times`];
    if (id !== undefined && saved[0]?.id !== id) return [`the acknowledged message "${body}" is lost`];
    return [];
  });
}

function ordersWrong(database: SqliteDatabase.Database, { orders }: Ledger): string[] {
  const rows = database
    .prepare(
      `select o.id, o.user_id, o.status, o.total_cents, max(case when i.product_id = ${PRODUCT_ID} then i.quantity end) as quantity,
       count(i.order_id) as items, sum(i.quantity * i.price_cents) as sum_cents
       from orders o left join order_items i on i.order_id = o.id group by o.id`,
    )
    .all() as OrderRow[];
  const byId = new Map(rows.map((row) => [row.id, row]));
  const kind = (userId: number, quantity: number | null): string => `user ${userId}, quantity ${quantity}`;
  const asked = Map.groupBy(orders, ({ userId, quantity }) => kind(userId, quantity));
  const there = Map.groupBy(rows, ({ user_id, quantity }) => kind(user_id, quantity));
  const acknowledged = orders.filter(({ id }) => id !== undefined);
  const ids = new Set(acknowledged.map(({ id }) => id));
  return [
    ...rows
      .filter(({ items, total_cents, sum_cents }) => items === 0 || total_cents !== sum_cents)
      .map(({ id }) => `the order ${id} has not the items that its total is of`),
    ...[...there]
      .filter(([of, found]) => found.length > (asked.get(of)?.length ?? 0))
      .map(
        ([of, found]) =>
          `${found.length} orders of ${of} are there, ${asked.get(of)?.length ?? 0} were asked for`,
      ),
    ...(ids.size === acknowledged.length ? [] : ["two orders were acknowledged with the same id"]),
    ...acknowledged.flatMap((order) => orderWrong(order, byId.get(order.id!))),
  ];
}

function orderWrong({ id, userId, quantity, cancel }: AskedOrder, row: OrderRow | undefined): string[] {
  if (row === undefined || row.user_id !== userId || row.quantity !== quantity)
    return [`the acknowledged order ${id} is lost`];
  if (cancel === "acknowledged" && row.status !== "cancelled")
    return [`the order ${id} is ${row.status}, though its end was acknowledged`];
  if (cancel === "not asked" && row.status !== "placed") return [`nobody has cancelled the order ${id}`];
  return [];
}

function stockWrong(database: SqliteDatabase.Database, before: Stock): string[] {
  const rows = database
    .prepare(
      `select p.id, p.stock, (select coalesce(sum(i.quantity), 0) from order_items i join orders o on o.id = i.order_id
       where i.product_id = p.id and o.status = 'placed') as ordered from products p`,
    )
    .all() as { id: number; stock: number; ordered: number }[];
  return rows
    .filter(({ id, stock, ordered }) => stock + ordered !== before.get(id))
    .map(
      ({ id, stock, ordered }) =>
        `of product ${id} there are ${stock}, and ${ordered} ordered, of ${before.get(id)}`,
    );
}
