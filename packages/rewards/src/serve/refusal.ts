import { type Tagged, tagged } from "@msrl/core";

/** A request that is not answered: its HTTP status, and the field to blame where there is one. */
export type Refusal = Tagged<
  string,
  { readonly status: number; readonly field?: string; readonly retryAfter?: number }
>;

/** What a refusal may tell besides its message. */
interface Details {
  readonly field?: string;
  /** Seconds after which the client may ask again. */
  readonly retryAfter?: number;
}

/** The refusal of a request, to be thrown in a route. */
export const refusal = (status: number, tag: string, message: string, details: Details = {}): Refusal =>
  tagged(tag, message, { status, ...details });

/** A request whose field cannot be used. */
export const badField = (field: string, wanted: string): Refusal =>
  refusal(400, "BadRequest", `${field} cannot be used, wanted ${wanted}`, { field });

/** A refusal as it is sent. */
export const refusalBody = (tag: string, message: string, field?: string) => ({
  error: { tag, message, ...(field !== undefined && { field }) },
});
