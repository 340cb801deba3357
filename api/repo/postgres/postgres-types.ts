import { types } from "pg";

// The numbers of PostgreSQL's own types, as its catalog pg_type has them.
const BOOL = 16;
const INT8 = 20;
const JSON_TEXT = 114;
const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
const INTERVAL = 1186;
const NUMERIC = 1700;
const JSONB = 3802;

const asIs = (text: string): string => text;

/** `2026-11-22 06:00:00.25` or, with its zone, `2026-11-22 06:00:00.25+00`; also `infinity`, which stays. */
function instant(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00)?$/.exec(text);
  if (match === null) return text;
  const [, date, time, fraction = ""] = match;
  // Microseconds, if there are any: a cursor of a page must not lose them.
  return `${date}T${time}.${fraction.padEnd(3, "0")}Z`;
}

/**
 * What a value of PostgreSQL becomes, so that a context gets what SQLite would have given: numbers, also where they are
 * larger than JavaScript's are exact; 1 and 0 for booleans; JSON as its text; and points in time as `toISOString`
 * writes them. All others are as in `pg`.
 */
const parsers: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [BOOL, (text) => (text === "t" ? 1 : 0)],
  [INT8, Number],
  [NUMERIC, Number],
  [JSON_TEXT, asIs],
  [JSONB, asIs],
  [DATE, asIs],
  [TIMESTAMP, instant],
  [TIMESTAMPTZ, instant],
  [INTERVAL, asIs],
]);

export const postgresTypes: { readonly getTypeParser: typeof types.getTypeParser } = {
  getTypeParser: ((oid: number, format?: "text") =>
    parsers.get(oid) ?? types.getTypeParser(oid, format)) as typeof types.getTypeParser,
};
