import { type Tagged, tagged } from "../../errors.js";

/** A folder of the Hub that cannot be used: which file, which tensor where one is to blame, what was given and wanted. */
export type HubError = Tagged<
  "HubError",
  { readonly file: string; readonly tensor?: string; readonly given: string; readonly wanted: string }
>;

/** The error of a file, or of a tensor in it. */
export const hubError = (file: string, wanted: string, given: string, tensor?: string): HubError =>
  tagged("HubError", `${file}: ${tensor === undefined ? "" : `${tensor}: `}${wanted} wanted, ${given} given`, {
    file,
    given,
    wanted,
    ...(tensor !== undefined && { tensor }),
  });

/** Several problems of a folder as one error, named after the first. */
export const hubErrors = (errors: readonly HubError[]): HubError => {
  const [first] = errors as readonly [HubError];
  const { file, given, wanted, tensor } = first;
  const message = errors.map((error) => error.message).join("\n");
  return tagged("HubError", message, { file, given, wanted, ...(tensor !== undefined && { tensor }) });
};
