import { configurationError, type Reward } from "@msrl/core";
import { checkOptions, type Rules } from "@msrl/core/configuration";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { callable } from "../compose/arguments.js";
import { perCompletion } from "../compose/perCompletion.js";
import type { AnswerReader } from "./answer.js";

/** Settings of {@link jsonSchema}. */
export interface JsonSchemaOptions {
  /** A JSON Schema (draft 7). */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Finds the JSON in a completion; the whole text by default. */
  readonly read?: AnswerReader;
}

const rules: Rules<JsonSchemaOptions> = {
  schema: { wanted: "a JSON Schema", fits: (value) => typeof value === "object" && value !== null },
  read: callable,
};

const compiled = (schema: JsonSchemaOptions["schema"]): ValidateFunction => {
  try {
    return new Ajv({ strict: false, allErrors: false, validateFormats: false }).compile(schema);
  } catch (error) {
    const wanted = `a JSON Schema (${(error as Error).message})`;
    throw configurationError("jsonSchema", [{ field: "schema", given: JSON.stringify(schema).slice(0, 200), wanted }]);
  }
};

const told = ([error]: readonly ErrorObject[]): string =>
  `${error?.instancePath === "" ? "the value" : error?.instancePath} ${error?.message}`;

/**
 * Whether a completion is JSON that a schema allows: 1 or 0.
 *
 * The schema is yours, not a model's: a `pattern` in it is a JavaScript regular expression and can be slow. JSON that is
 * nested too deeply for the validator counts as not allowed. `format` is not checked.
 *
 * JSON Schema draft 7, https://json-schema.org/draft-07, by ajv.
 *
 * @throws ConfigurationError if the schema is none.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { jsonSchema } from "@msrl/rewards";
 * const reward = jsonSchema({ schema: { type: "object", required: ["winner"], properties: { winner: { enum: ["A", "B"] } } } });
 * const completion = { text: '{"winner": "A"}', tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(reward([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [1]);
 * @since 0.1.0
 */
export const jsonSchema = (options: JsonSchemaOptions): Reward<unknown> => {
  const { schema, read } = checkOptions<Required<JsonSchemaOptions>>(
    "jsonSchema",
    rules,
    { read: (text: string) => text },
    options,
  );
  const validate = compiled(schema);
  return perCompletion("jsonSchema", (text) => {
    let value: unknown;
    try {
      value = JSON.parse(read(text) ?? "");
    } catch {
      return { value: 0, reason: "no JSON" };
    }
    try {
      return validate(value) ? 1 : { value: 0, reason: told(validate.errors ?? []) };
    } catch {
      return { value: 0, reason: "nested too deeply" };
    }
  });
};
