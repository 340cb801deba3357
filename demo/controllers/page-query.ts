import { z } from "zod";
import type { Page } from "rookery/api";

const LIMIT_MAX = 100;
const wrong = { error: `must be a whole number from 1 to ${LIMIT_MAX}` };

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

/** What part of a list is asked for. */
export const pageQuery: z.ZodType<PageQuery> = z.object({
  limit: z.coerce.number(wrong).int(wrong).min(1, wrong).max(LIMIT_MAX, wrong).optional(),
  after: z.string().optional().describe("The `next` of the page before."),
});

/** A page of what `row` describes. */
export function pageOf<Row>(row: z.ZodType<Row, Row>): z.ZodType<Page<Row>, Page<Row>> {
  return z.object({ data: z.array(row), meta: z.object({ next: z.string().nullable() }) });
}

/** One of what `row` describes. */
export function dataOf<Row>(
  row: z.ZodType<Row, Row>,
): z.ZodType<{ readonly data: Row }, { readonly data: Row }> {
  return z.object({ data: row }) as z.ZodType<{ readonly data: Row }, { readonly data: Row }>;
}
