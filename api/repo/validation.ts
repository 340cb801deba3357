import { isDeepStrictEqual } from "node:util";
import { isSecretName } from "../../channels/internal.ts";
import {
  addError,
  type Changeset,
  deleteChange,
  type ErrorOptions,
  type FieldError,
  type FieldOf,
  getChange,
  getField,
  isBlank,
  isRecord,
  replace,
} from "./changeset.ts";
import { repoError } from "./errors.ts";
import { textLength, type TextUnit } from "./text-length.ts";

/** A rule's own message instead of the usual one. */
export interface ValidationOptions {
  readonly message?: string;
}

export interface ConfirmationOptions extends ValidationOptions {
  /** Whether the params have to repeat it. Default: false. */
  readonly required?: boolean;
}

/** What is wrong with a change: a message, or several, each for the field itself or another one. */
export type ChangeErrors =
  | string
  | undefined
  | readonly { readonly field?: string; readonly message: string; readonly options?: ErrorOptions }[];

export interface LengthOptions extends ValidationOptions {
  readonly is?: number;
  readonly min?: number;
  readonly max?: number;
  /** What to count in a text. Default: graphemes, what a reader sees as one character. */
  readonly count?: TextUnit;
}

export interface NumberOptions extends ValidationOptions {
  readonly lessThan?: number | bigint;
  readonly greaterThan?: number | bigint;
  readonly lessThanOrEqualTo?: number | bigint;
  readonly greaterThanOrEqualTo?: number | bigint;
  readonly equalTo?: number | bigint;
  readonly notEqualTo?: number | bigint;
}

/**
 * Adds "can't be blank" for each field that neither `data` nor `changes` fill, unless the field has an error already.
 * White space does not fill a field (`validate_required/3`).
 */
export function validateRequired<Row extends object>(
  changeset: Changeset<Row>,
  fields: readonly FieldOf<Row>[],
  { message = "can't be blank" }: ValidationOptions = {},
): Changeset<Row> {
  let result = replace(changeset, { required: [...changeset.required, ...fields] });
  const errors: FieldError[] = [];
  for (const field of fields) {
    if (!isBlank(getField(result, field)) || result.errors.some((error) => error.field === field)) continue;
    if (errors.some((error) => error.field === field)) continue;
    result = deleteChange(result, field);
    errors.push({ field, message, options: { validation: "required" } });
  }
  return withErrors(result, errors);
}

/**
 * Adds what `validate` returns for the change of `field`, if it returns something. Only runs if the field changes, and not
 * to null: what has been stored already is not judged again (`validate_change/3`).
 */
export function validateChange<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  validate: (value: NonNullable<Row[Field]>) => ChangeErrors,
  options: ErrorOptions = {},
): Changeset<Row> {
  const value = getChange(changeset, field);
  if (value === null || value === undefined) return changeset;
  const found = validate(value);
  if (found === undefined) return changeset;
  if (typeof found === "string") return addError(changeset, field, found, options);
  return withErrors(
    changeset,
    found.map((error) => ({ field, options, ...error })),
  );
}

/** Adds "has invalid format" if the change of `field`, a string, does not match (`validate_format/4`). */
export function validateFormat<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  format: RegExp,
  { message = "has invalid format" }: ValidationOptions = {},
): Changeset<Row> {
  const validate = (value: unknown): string | undefined => {
    if (typeof value !== "string") throw wrongValue(field, "a string", value);
    // search, unlike test, has no memory in a regular expression with the flag g.
    return value.search(format) < 0 ? message : undefined;
  };
  return validateChange(ruled(changeset, field, "format", format), field, validate, { validation: "format" });
}

/** Adds "is invalid" if the change of `field` is none of `values` (`validate_inclusion/4`). */
export function validateInclusion<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  values: readonly Row[Field][],
  { message = "is invalid" }: ValidationOptions = {},
): Changeset<Row> {
  const validate = (value: Row[Field]): string | undefined => (isAmong(values, value) ? undefined : message);
  const options = { validation: "inclusion", enum: values };
  return validateChange(ruled(changeset, field, "inclusion", values), field, validate, options);
}

/** Adds "is reserved" if the change of `field` is one of `values` (`validate_exclusion/4`). */
export function validateExclusion<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  values: readonly Row[Field][],
  { message = "is reserved" }: ValidationOptions = {},
): Changeset<Row> {
  const validate = (value: Row[Field]): string | undefined => (isAmong(values, value) ? message : undefined);
  const options = { validation: "exclusion", enum: values };
  return validateChange(ruled(changeset, field, "exclusion", values), field, validate, options);
}

/** Adds "has an invalid entry" if the change of `field`, an array, has something that is none of `values` (`validate_subset/4`). */
export function validateSubset<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  values: readonly unknown[],
  { message = "has an invalid entry" }: ValidationOptions = {},
): Changeset<Row> {
  const validate = (value: unknown): string | undefined => {
    if (!Array.isArray(value)) throw wrongValue(field, "an array", value);
    return value.every((entry) => isAmong(values, entry)) ? undefined : message;
  };
  const options = { validation: "subset", enum: values };
  return validateChange(ruled(changeset, field, "subset", values), field, validate, options);
}

/**
 * Adds "does not match confirmation" to `<field>_confirmation` if the params have that and it differs from their `field`
 * (`validate_confirmation/3`). Neither is a column: it compares what was sent, and only if something was cast.
 */
export function validateConfirmation<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  { message, required = false }: ConfirmationOptions = {},
): Changeset<Row> {
  const { params } = changeset;
  if (params === undefined) return changeset;
  const result = ruled(changeset, field, "confirmation", { required });
  const repeated = `${field}_confirmation`;
  if (!Object.hasOwn(params, repeated)) {
    if (!required) return result;
    return addError(result, repeated, message ?? "can't be blank", { validation: "required" });
  }
  const value = Object.hasOwn(params, field) ? params[field] : null;
  if (isDeepStrictEqual(params[repeated], value)) return result;
  const options = { validation: "confirmation" };
  return addError(result, repeated, message ?? "does not match confirmation", options);
}

/**
 * Adds "must be accepted" unless the params have true for `field`, "true" or "1" (`validate_acceptance/3`). It need not be
 * a column. Only if something was cast.
 */
export function validateAcceptance<Row extends object>(
  changeset: Changeset<Row>,
  field: string,
  { message = "must be accepted" }: ValidationOptions = {},
): Changeset<Row> {
  const { params } = changeset;
  if (params === undefined) return changeset;
  const result = ruled(changeset, field, "acceptance", {});
  const value = Object.hasOwn(params, field) ? params[field] : undefined;
  if (value === true || value === "true" || value === "1") return result;
  return addError(result, field, message, { validation: "acceptance" });
}

/**
 * Adds an error if the change of `field`, a string, an array or an object, is not as long as it should be: of `is`, `min` and
 * `max` the first that is broken (`validate_length/3`). Never counts further than it has to.
 * @example
 * ```ts doctest
 * const post = validateLength(change({ body: "" }, { body: "👩‍👩‍👧!" }), "body", { min: 3 });
 * post.errors[0].message; // => "should be at least %{count} character(s)"
 * ```
 */
export function validateLength<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  options: LengthOptions,
): Changeset<Row> {
  const result = ruled(changeset, field, "length", options);
  const value = getChange(changeset, field) as unknown;
  if (value === null || value === undefined) return result;
  const { is, min, max, count: unit = "graphemes" } = options;
  const { length, type } = measure(field, value, unit, Math.max(is ?? 0, min ?? 0, max ?? 0));
  const broken =
    is !== undefined && length !== is
      ? { kind: "is", count: is }
      : min !== undefined && length < min
        ? { kind: "min", count: min }
        : max !== undefined && length > max
          ? { kind: "max", count: max }
          : undefined;
  if (broken === undefined) return result;
  const message = options.message ?? lengthMessages[type][broken.kind as "is" | "min" | "max"];
  return addError(result, field, message, {
    count: broken.count,
    validation: "length",
    kind: broken.kind,
    type,
  });
}

const itemMessages = {
  is: "should have %{count} item(s)",
  min: "should have at least %{count} item(s)",
  max: "should have at most %{count} item(s)",
};

const lengthMessages = {
  string: {
    is: "should be %{count} character(s)",
    min: "should be at least %{count} character(s)",
    max: "should be at most %{count} character(s)",
  },
  binary: {
    is: "should be %{count} byte(s)",
    min: "should be at least %{count} byte(s)",
    max: "should be at most %{count} byte(s)",
  },
  list: itemMessages,
  map: itemMessages,
};

function measure(
  field: string,
  value: unknown,
  unit: TextUnit,
  max: number,
): { readonly length: number; readonly type: keyof typeof lengthMessages } {
  if (typeof value === "string") {
    return { length: textLength(value, unit, max), type: unit === "bytes" ? "binary" : "string" };
  }
  if (Array.isArray(value)) return { length: value.length, type: "list" };
  // Not a Date, which has no keys either.
  if (isRecord(value) && isPlain(value)) return { length: Object.keys(value).length, type: "map" };
  throw wrongValue(field, "a string, an array or an object", value);
}

// By the sign of the comparison, in which a bigint equals the number of the same value.
const numberRules = {
  lessThan: ["must be less than %{number}", (sign: number) => sign < 0],
  greaterThan: ["must be greater than %{number}", (sign: number) => sign > 0],
  lessThanOrEqualTo: ["must be less than or equal to %{number}", (sign: number) => sign <= 0],
  greaterThanOrEqualTo: ["must be greater than or equal to %{number}", (sign: number) => sign >= 0],
  equalTo: ["must be equal to %{number}", (sign: number) => sign === 0],
  notEqualTo: ["must be not equal to %{number}", (sign: number) => sign !== 0],
} as const;

/**
 * Adds an error for the first rule that the change of `field`, a number, breaks, in the order in which they are given
 * (`validate_number/3`).
 */
export function validateNumber<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  options: NumberOptions,
): Changeset<Row> {
  const result = ruled(changeset, field, "number", options);
  const value = getChange(changeset, field) as unknown;
  if (value === null || value === undefined) return result;
  if ((typeof value !== "number" && typeof value !== "bigint") || Number.isNaN(value)) {
    throw wrongValue(field, "a number", value);
  }
  for (const rule of Object.keys(options) as (keyof NumberOptions)[]) {
    if (rule === "message") continue;
    const number = options[rule];
    if (number === undefined) continue;
    const [message, holds] = numberRules[rule];
    if (holds(value < number ? -1 : value > number ? 1 : 0)) continue;
    return addError(result, field, options.message ?? message, {
      validation: "number",
      kind: rule,
      number,
    });
  }
  return result;
}

function wrongValue(field: string, expected: string, value: unknown): Error {
  return repoError("ROOKERY_CHANGESET_VALUE", [field, expected, isSecretName(field) ? "[FILTERED]" : value]);
}

/** The changeset with a rule more that is known of `field`. */
function ruled<Row extends object>(
  changeset: Changeset<Row>,
  field: string,
  validation: string,
  rule: unknown,
): Changeset<Row> {
  return replace(changeset, { validations: [{ field, validation, rule }, ...changeset.validations] });
}

/** The changeset with several errors that were found at once, the first of them first. */
function withErrors<Row extends object>(
  changeset: Changeset<Row>,
  errors: readonly FieldError[],
): Changeset<Row> {
  if (errors.length === 0) return changeset;
  return replace(changeset, { errors: [...errors, ...changeset.errors], valid: false });
}

/** By content, as changes are compared. */
function isAmong(values: readonly unknown[], value: unknown): boolean {
  if (values.includes(value)) return true;
  return (
    typeof value === "object" && value !== null && values.some((other) => isDeepStrictEqual(other, value))
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
