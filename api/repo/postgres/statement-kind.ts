/** White space, comments, and the brackets before a `select` of a union. */
const BEFORE = String.raw`^(?:\s|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/|\()*`;
const control = new RegExp(
  `${BEFORE}(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare\\s+transaction)\\b`,
  "i",
);
const reading = new RegExp(`${BEFORE}(?:select|with|values|table|show|explain)\\b`, "i");

/** Whether a statement begins or ends a transaction or a part of it, which is the repo's business. */
export function controlsTransaction(sql: string): boolean {
  return control.test(sql);
}

/** Whether a statement can have been meant to read. That it does nothing else is the server's to see. */
export function mayRead(sql: string): boolean {
  return reading.test(sql);
}
