import * as E from "fp-ts/Either";
import type { Ask, Patience, Unasked } from "./ask.js";
import type { EngineCapabilities } from "./client.js";
import { passBytes, passJson } from "./passRequest.js";
import type { EngineRequest } from "./send.js";

type Wire = EngineCapabilities["wire"];

/** A pass over no datum with a model that is none: whatever the engine answers, nothing runs. */
const probe = { modelId: "msrl-no-model", seqId: 1, data: [], loss: { name: "cross_entropy" }, forwardOnly: false };

const request = (wire: Wire, timeout: number): EngineRequest => ({
  method: "POST",
  path: "forward_backward",
  body: wire === "protobuf" ? passBytes(probe) : passJson(probe),
  timeout,
});

/**
 * Which wire an engine takes, found by asking it for a pass with a model that does not exist.
 *
 * 415: not this wire. 422 and 500 for protobuf: JSON, unless JSON is answered 415. Anything else: this wire, since the
 * request was read.
 */
export const askWire =
  (ask: Ask, { attempts, delay, sleep }: Pick<Patience, "attempts" | "delay" | "sleep">, timeout: number) =>
  async (signal: AbortSignal): Promise<E.Either<Unasked, Wire>> => {
    for (let attempt = 1; ; attempt++) {
      const first = await ask(request("protobuf", timeout), signal);
      if (E.isRight(first)) return E.right("protobuf");
      const { status = 0, kind } = first.left;
      if (kind === "refused" && status !== 415 && status !== 422) return E.right("protobuf");
      if (status === 415) return E.right("json");
      if (kind === "cancelled" || status === 0) return first;
      const second = await ask(request("json", timeout), signal);
      if (E.isRight(second)) return E.right("json");
      if (second.left.status === 415) return E.right("protobuf");
      if (second.left.kind === "refused") return E.right("json");
      if (second.left.kind === "cancelled" || attempt >= attempts) return second;
      await sleep(delay);
    }
  };
