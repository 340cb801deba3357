export { Conn } from "./testing/conn.ts";
export {
  assertErrorSent,
  htmlResponse,
  jsonResponse,
  redirectedParams,
  redirectedTo,
  response,
  responseContentType,
  textResponse,
} from "./testing/conn-assertions.ts";
export { ConnCase, connCase, type ConnCaseOptions } from "./testing/conn-case.ts";
export type { SetCookie } from "./testing/cookie-jar.ts";
export {
  DataCase,
  dataCase,
  type DataCaseOptions,
  type DataParts,
  type OnTestFinished,
} from "./testing/data-case.ts";
export { errorsOn } from "./testing/errors-on.ts";
export {
  factoriesOf,
  Factory,
  type FactoryContext,
  FactoryDefinition,
  ParentRow,
} from "./testing/factory.ts";
export { fuzz, type FuzzOptions, type FuzzReport, type FuzzSend } from "./testing/fuzz.ts";
export type { FuzzRequest } from "./testing/fuzz/fuzz-request.ts";
export type { RepoOf, SandboxedRepo } from "./testing/own-database.ts";
export { openSandbox, type Sandbox, type SandboxOptions } from "./testing/sandbox.ts";
export { diskFull, sqliteBusy } from "./testing/sqlite-fault.ts";
