import { configurationError } from "@msrl/core";

/** Asks the server: bytes and images as base64; a server that is busy or starts again is asked five times. */
const head = (about: string): string => `"""${about} MSRL_URL: the server; MSRL_TOKEN: its token."""
import base64, io, json, os, time, urllib.request
URL, TOKEN = os.environ.get("MSRL_URL", "http://127.0.0.1:8400").rstrip("/"), os.environ.get("MSRL_TOKEN", "")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

def plain(value):
    if hasattr(value, "save"): value.save(file := io.BytesIO(), "PNG"); value = file.getvalue()
    if isinstance(value, (bytes, bytearray)): return {"base64": base64.b64encode(value).decode()}
    return value.tolist() if hasattr(value, "tolist") else str(value)

def score(samples, step=0, attempts=5):
    body = json.dumps({"samples": samples, "step": step}, default=plain).encode()
    asked = urllib.request.Request(URL + "/score", body, {"content-type": "application/json", "authorization": "Bearer " + TOKEN})
    try:
        with OPENER.open(asked, timeout=180) as reply: return json.load(reply)
    except OSError as error:
        if attempts < 2 or getattr(error, "code", 503) != 503:
            raise RuntimeError(f"{URL}/score: {error} {error.read().decode() if hasattr(error, 'read') else ''}") from None
    return time.sleep(1) or score(samples, step, attempts - 1)
`;

const trl = `
def msrl(prompts, completions, completion_ids=None, trainer_state=None, log_metric=None, **columns):
    count, ids = len(completions), completion_ids or [None] * len(completions)
    rows = [{k: v[i] for k, v in columns.items() if isinstance(v, list) and len(v) == count} for i in range(count)]
    images = [row.pop("images", None) or [x for x in [row.pop("image", None)] if x is not None] for row in rows]
    reply = score([{"prompt": p, "completion": c, "tokenIds": t, "images": m, "reference": r} for p, c, t, m, r
                   in zip(prompts, completions, ids, images, rows)], getattr(trainer_state, "global_step", 0))
    for part in reply["parts"] if log_metric else []:
        log_metric("msrl/" + part, sum(s["parts"][part] or 0 for s in reply["scores"]) / max(count, 1))
    return [s["value"] for s in reply["scores"]]
`;

const verl = `
def compute_score(data_source, solution_str, ground_truth, extra_info=None, **kwargs):
    known = ground_truth if isinstance(ground_truth, dict) else {"label": ground_truth, "answer": ground_truth}
    reference = {**(extra_info or {}), "data_source": data_source, **known}
    one = score([{"completion": solution_str, "reference": reference}])["scores"][0]
    return {"score": one["value"] or 0.0, "failed": float("failures" in one), **{k: v or 0.0 for k, v in one["parts"].items()}}
`;

const swift = `from swift.rewards import ORM, orms
class MSRLReward(ORM):
    def __call__(self, completions, messages=None, images=None, trainer_state=None, response_token_ids=None, **columns):
        count, none = len(completions), [None] * len(completions)
        rows = [{k: v[i] for k, v in columns.items() if isinstance(v, list) and len(v) == count} for i in range(count)]
        prompts = [m[:-1] if m and m[-1]["role"] == "assistant" else m for m in messages or none]
        each = zip(prompts, completions, response_token_ids or none, images or none, rows)
        samples = [{"prompt": p, "completion": c, "tokenIds": t, "images": i or [], "reference": r} for p, c, t, i, r in each]
        return [s["value"] for s in score(samples, getattr(trainer_state, "global_step", 0))["scores"]]
orms["msrl"] = MSRLReward
`;

const shims = {
  trl: head("MSRL for TRL: GRPOTrainer(reward_funcs=[msrl]), trl grpo --reward_funcs this_file.msrl.") + trl,
  verl: head("MSRL for verl: reward.custom_reward_function.path=THIS_FILE and .name=compute_score.") + verl,
  swift: head("MSRL for ms-swift: --external_plugins THIS_FILE --reward_funcs msrl.") + swift,
} as const;

/** A trainer that needs a file of Python to ask a server. */
export type ShimName = keyof typeof shims;

/** The trainers that there is a file for; OpenRLHF needs none. */
export const shimNames: readonly ShimName[] = ["trl", "verl", "swift"];

/**
 * A file of Python, standard library only, by which a trainer asks a server of `serveRewards`: images go as base64,
 * columns of the data set as the reference, and a busy or restarting server is asked again.
 *
 * @throws ConfigurationError for another name.
 * @example
 * import { shim } from "@msrl/rewards/serve";
 * assert.ok(shim("verl").includes("def compute_score(data_source, solution_str, ground_truth"));
 * @since 0.1.0
 */
export const shim = (name: ShimName): string => {
  if (shimNames.includes(name)) return shims[name];
  throw configurationError("shim", [{ field: "name", given: JSON.stringify(name), wanted: shimNames.join(" | ") }]);
};
