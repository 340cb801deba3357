import type { Kysely, SelectQueryBuilder } from "kysely";
import { aggregate, numberOf } from "./aggregates.ts";
import { addError, change, type Changeset } from "./changeset.ts";

/** Rows of a page at most, and unless the client asks for another number. */
const PAGE_SIZE_MAX = 100;
const PAGE_SIZE_DEFAULT = 50;

/** What a client asks for, as it came: checked here. Pages are numbered from 1. */
export interface OffsetPageParams {
  readonly page?: unknown;
  readonly page_size?: unknown;
}

/** A numbered page, and how many there are: `Scrivener.Page`. */
export interface OffsetPage<Row> {
  readonly data: Row[];
  readonly meta: {
    readonly page: number;
    readonly page_size: number;
    readonly total: number;
    /** At least 1: where there is nothing, the first page is empty. */
    readonly pages: number;
  };
}

/** What `offsetPage` resolves with: the page, or what is wrong with the params. */
export type OffsetPageResult<Row> =
  | { readonly ok: true; readonly value: OffsetPage<Row> }
  | { readonly ok: false; readonly error: Changeset<OffsetPageParams> };

/**
 * One numbered page of a query, which has to have an order, and how many there are (`Scrivener.paginate`). A page beyond
 * the last is the last. The database counts all rows and skips those of the pages before: `page` does neither, and there
 * no row is met twice or not at all when others are inserted or deleted between two pages.
 */
export async function offsetPage<DB, Tables extends keyof DB, Row>(
  db: Kysely<DB>,
  query: SelectQueryBuilder<DB, Tables, Row>,
  params: OffsetPageParams,
): Promise<OffsetPageResult<Row>> {
  const wanted = wholeNumber(params.page, 1);
  const page_size = wholeNumber(params.page_size, PAGE_SIZE_DEFAULT);
  let error = change<OffsetPageParams>({});
  if (wanted === undefined) error = addError(error, "page", "must be a whole number above 0");
  if (page_size === undefined || page_size > PAGE_SIZE_MAX)
    error = addError(error, "page_size", "must be a whole number from 1 to %{max}", { max: PAGE_SIZE_MAX });
  if (wanted === undefined || page_size === undefined || !error.valid) return { ok: false, error };
  const anyDb = db as unknown as Kysely<Record<string, Record<string, unknown>>>;
  const total = numberOf(await aggregate(anyDb, query.clearOrderBy(), "count")) as number;
  const pages = Math.max(1, Math.ceil(total / page_size));
  const page = Math.min(wanted, pages);
  const data = await query
    .limit(page_size)
    .offset((page - 1) * page_size)
    .execute();
  return { ok: true, value: { data, meta: { page, page_size, total, pages } } };
}

/** A number above 0, or its digits as a query string has them. */
function wholeNumber(value: unknown, byDefault: number): number | undefined {
  if (value === undefined) return byDefault;
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 1 ? (number as number) : undefined;
}
