import {
  addError,
  type Changeset,
  deleteChange,
  type ErrorOptions,
  type FieldOf,
  getChange,
  getField,
  isBlank,
  replace,
} from "./changeset.ts";
import { repoError } from "./errors.ts";
import { textLength, type TextUnit } from "./text-length.ts";

/** A rule's own message instead of the usual one. */
export interface ValidationOptions {
  readonly message?: string;
}

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
  for (const field of fields) {
    if (!isBlank(getField(result, field)) || result.errors.some((error) => error.field === field)) continue;
    result = addError(deleteChange(result, field), field, message, { validation: "required" });
  }
  return result;
}

/**
 * Adds the message that `validate` returns for the change of `field`, if it returns one. Only runs if the field
 * changes, and not to null: what has been stored already is not judged again (`validate_change/3`).
 */
export function validateChange<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  validate: (value: NonNullable<Row[Field]>) => string | undefined,
  options: ErrorOptions = {},
): Changeset<Row> {
  const value = getChange(changeset, field);
  if (value === null || value === undefined) return changeset;
  const message = validate(value);
  return message === undefined ? changeset : addError(changeset, field, message, options);
}

/** Adds "has invalid format" if the change of `field`, a string, does not match (`validate_format/4`). */
export function validateFormat<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  format: RegExp,
  { message = "has invalid format" }: ValidationOptions = {},
): Changeset<Row> {
  const validate = (value: unknown): string | undefined => {
    if (typeof value !== "string") throw repoError("ROOKERY_CHANGESET_VALUE", [field, "a string", value]);
    // search, unlike test, has no memory in a regular expression with the flag g.
    return value.search(format) < 0 ? message : undefined;
  };
  return validateChange(changeset, field, validate, { validation: "format" });
}

/** Adds "is invalid" if the change of `field` is none of `values` (`validate_inclusion/4`). */
export function validateInclusion<Row extends object, Field extends FieldOf<Row>>(
  changeset: Changeset<Row>,
  field: Field,
  values: readonly Row[Field][],
  { message = "is invalid" }: ValidationOptions = {},
): Changeset<Row> {
  const validate = (value: Row[Field]): string | undefined => (values.includes(value) ? undefined : message);
  return validateChange(changeset, field, validate, { validation: "inclusion", enum: values });
}

/**
 * Adds an error if the change of `field`, a string or an array, is not as long as it should be: of `is`, `min` and
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
  const value = getChange(changeset, field) as unknown;
  if (value === null || value === undefined) return changeset;
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
  if (broken === undefined) return changeset;
  const message = options.message ?? lengthMessages[type][broken.kind as "is" | "min" | "max"];
  return addError(changeset, field, message, {
    count: broken.count,
    validation: "length",
    kind: broken.kind,
    type,
  });
}

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
  list: {
    is: "should have %{count} item(s)",
    min: "should have at least %{count} item(s)",
    max: "should have at most %{count} item(s)",
  },
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
  throw repoError("ROOKERY_CHANGESET_VALUE", [field, "a string or an array", value]);
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

/** Adds an error for the first rule that the change of `field`, a number, breaks (`validate_number/3`). */
export function validateNumber<Row extends object>(
  changeset: Changeset<Row>,
  field: FieldOf<Row>,
  options: NumberOptions,
): Changeset<Row> {
  const value = getChange(changeset, field) as unknown;
  if (value === null || value === undefined) return changeset;
  if ((typeof value !== "number" && typeof value !== "bigint") || Number.isNaN(value)) {
    throw repoError("ROOKERY_CHANGESET_VALUE", [field, "a number", value]);
  }
  for (const rule of Object.keys(numberRules) as (keyof typeof numberRules)[]) {
    const number = options[rule];
    if (number === undefined) continue;
    const [message, holds] = numberRules[rule];
    if (holds(value < number ? -1 : value > number ? 1 : 0)) continue;
    return addError(changeset, field, options.message ?? message, {
      validation: "number",
      kind: rule,
      number,
    });
  }
  return changeset;
}
