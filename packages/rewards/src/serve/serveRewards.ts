import { type Tagged, tagged, toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { type ServeOptions, serveOptions } from "./options.js";
import { rewardApp } from "./rewardApp.js";

/** A server that listens. */
export interface RewardServer {
  /** Where it is reached, f.e. `http://127.0.0.1:8400`. */
  readonly url: string;
  /** Takes no more, answers what it has taken, and resolves when all of it is done. */
  close(): Promise<void>;
}

/** A server that cannot listen where it was told to. */
export type ListenError = Tagged<
  "ListenError",
  { readonly host: string; readonly port: number; readonly code?: string }
>;

type Given = Partial<ServeOptions> & Pick<ServeOptions, "reward">;

const listenError = (error: NodeJS.ErrnoException, { host, port }: ServeOptions): ListenError => {
  const why =
    error.code === "EADDRINUSE"
      ? "another program listens there; choose another port, or 0 for a free one"
      : error.code === "EACCES"
        ? "the system does not allow it; ports below 1024 are not for everyone"
        : error.message;
  return tagged("ListenError", `cannot listen at ${host}:${port}: ${why}`, {
    host,
    port,
    ...(error.code !== undefined && { code: error.code }),
  });
};

/** The TaskEither door of {@link serveRewards}. */
export const serveRewardsTask = (given: Given): TE.TaskEither<ListenError, RewardServer> => {
  const options = serveOptions(given);
  return TE.tryCatch(
    async () => {
      const app = rewardApp(given);
      const url = await app.listen({ host: options.host, port: options.port });
      let closed: Promise<void> | undefined;
      const close = async (): Promise<void> => {
        const late = setTimeout(() => app.server.closeAllConnections(), options.timeout); // of clients that never finish
        // clients keep answered connections open: they are closed as they become idle
        const idle = setInterval(() => app.server.closeIdleConnections(), 20);
        await app.close();
        clearInterval(idle);
        clearTimeout(late);
      };
      return { url, close: () => (closed ??= close()) };
    },
    (error) => listenError(error as NodeJS.ErrnoException, options),
  );
};

/**
 * Serves rewards over HTTP, for trainers in any language.
 *
 *     POST /score                  ours: a batch, with parts, reasons, failures and images
 *     POST /get_reward             OpenRLHF's remote reward
 *     POST /v1/chat/completions    a generative reward model, as ms-swift's plugin asks one; GET /v1/models
 *     POST /run_code               SandboxFusion's, passed on to `sandbox`
 *     GET  /health /metrics /openapi.json /
 *
 * A completion that cannot be judged is an answer, not an error of HTTP: `null`, or 0 where a trainer needs a number,
 * and counted. Refusals are JSON, `{ error: { tag, message, field } }`: 400 for what cannot be read, 401 without the
 * token, 413 for too much, 408 for a request that does not come, 503 with `retry-after` where too many wait. The
 * signal in a reward's context is aborted when the time is over or the client gone.
 *
 * @throws ConfigurationError with every option that cannot be: a host that others can reach needs a token.
 * @throws ListenError if the port is taken.
 * @example
 * import { accuracy } from "@msrl/rewards";
 * import { serveRewards } from "@msrl/rewards/serve";
 * const server = await serveRewards({ reward: accuracy(), port: 0 });
 * const body = JSON.stringify({ samples: [{ completion: "<answer>A</answer>", reference: { label: "A" } }] });
 * const reply = await fetch(`${server.url}/score`, { method: "POST", headers: { "content-type": "application/json" }, body });
 * const { scores } = (await reply.json()) as { scores: { value: number }[] };
 * assert.strictEqual(scores[0]!.value, 1);
 * await server.close();
 * @since 0.1.0
 */
export const serveRewards = (given: Given): Promise<RewardServer> => toPromise(serveRewardsTask(given));
