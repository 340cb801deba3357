import { RookeryError } from "../runtime/index.ts";
import { filledText } from "../runtime/internal.ts";

/** Every error that supervisors raise: `%s` and `%v`, for what came, are filled in order. `docs/errors.md` explains each. */
export const supervisorErrors = {
  ROOKERY_CHILD_SPEC: "Expected %s in the child spec %s, got %v",
  ROOKERY_DUPLICATE_CHILD: "Expected the ids of a supervisor's children to differ, but two are %s",
  ROOKERY_SIGNIFICANT_CHILD: "Expected the significant child %s to have %s, but it has not",
  ROOKERY_SUPERVISOR_OPTION: "Expected %s in the options of %s, got %v",
  ROOKERY_SUPERVISOR_REQUEST: "Expected %s to be asked through the functions of its class, got the call %v",
  ROOKERY_MAX_CHILDREN: "Expected %s to have room for one more child, but it holds its maximum of %s",
  ROOKERY_APPLICATION_NAME:
    "Expected the applications to have names of their own and not to need themselves, but %s does not",
  ROOKERY_NO_ENV: "Expected the key %s in the environment of the application %s, but it is not there",
  ROOKERY_PARTITION_NAME:
    "Expected a name that a process can be given, but got that of a partition of %s, which has its process",
  ROOKERY_CHAOS:
    "Expected %s under chaos, but after %s faults it was not so; the same run again: { seed: %s, script: %s }",
  ROOKERY_EVENTUALLY: "Expected %s within %s ms, but it was not so: %s",
} as const;

export type SupervisorErrorCode = keyof typeof supervisorErrors;

export function supervisorError(code: SupervisorErrorCode, ...values: unknown[]): RookeryError {
  return new RookeryError(code, filledText(supervisorErrors[code], values));
}
