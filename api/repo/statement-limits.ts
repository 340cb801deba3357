/** So many different texts of queries a connection keeps prepared; a list of values of every length would else grow for ever. */
export const STATEMENTS_MAX = 500;
/** What is longer is mostly such a list, and may need megabytes to be kept. */
export const STATEMENT_LENGTH_MAX = 16_384;
