import { RookeryError } from "../../runtime/index.ts";
import { brief } from "../../runtime/internal.ts";

/** Every error of a test that is put together wrongly; what a test finds wrong is an AssertionError. */
export const testingErrors = {
  ROOKERY_TEST_OPTION: "Expected %s in the options of %s, got %s",
  ROOKERY_TEST_CHILD: "Expected the child %s to start for the test, got %s",
  ROOKERY_TEST_ENDPOINT: "Expected an endpoint called %s to be running for the test, but there is none",
  ROOKERY_TEST_HEADER: "Expected the name of a header in lower case, got %s",
  ROOKERY_TEST_BODY: "Expected a content-type header for a body that is text or bytes, but %s has none",
  ROOKERY_TEST_REPO: "Expected a repo for %s, but the test was given none",
  ROOKERY_FUZZ: "Expected fuzz(document, send, { seed: %s, runs: 1 }) to find nothing, but %s",
  ROOKERY_FUZZ_SCHEMA: "Expected a schema for which a value can be found, got %s",
  ROOKERY_FUZZ_CREDENTIALS: "Expected %s in the credentials of fuzz, which %s demands, but it is not there",
} as const;

export type TestingErrorCode = keyof typeof testingErrors;

export function testingError(code: TestingErrorCode, ...values: unknown[]): RookeryError {
  let next = 0;
  return new RookeryError(
    code,
    testingErrors[code].replace(/%s/g, () => brief(values[next++])),
  );
}
