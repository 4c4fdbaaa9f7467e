import { describe, expect, it } from "vitest";
import { headers, post, serve } from "../../test/serving.js";
import { perCompletionTask } from "../index.js";

describe("the door", () => {
  it("needs a token where others can reach it", () => {
    expect(() => serve({ host: "0.0.0.0" })).toThrow(/token is not given, wanted one to listen at "0.0.0.0"/);
    expect(() => serve({ host: "0.0.0.0", token: "s" })).not.toThrow();
    expect(() => serve({ reward: {} })).toThrow(/reward is/);
  });

  it("takes the token as bearer, password or query, and no other; health is open", async () => {
    const app = serve({ token: "secret" });
    const tried = async (url: string, more: object) =>
      (await app.inject({ url, headers: { host: "far.example", ...more } })).statusCode;
    expect(await tried("/v1/models", {})).toBe(401);
    expect(await tried("/v1/models", { authorization: "Bearer other" })).toBe(401);
    expect(await tried("/nothing", {})).toBe(401);
    expect(await tried("/v1/models", { authorization: "Bearer secret" })).toBe(200);
    expect(await tried("/v1/models", { authorization: `Basic ${Buffer.from("msrl:secret").toString("base64")}` })).toBe(
      200,
    );
    expect(await tried("/v1/models?token=secret", {})).toBe(200);
    expect(await tried("/health", {})).toBe(200);
  });

  it("without a token answers to the names of this machine alone", async () => {
    const reply = await serve().inject({ url: "/v1/models", headers: { host: "evil.example" } });
    expect([reply.statusCode, reply.json().error.tag]).toEqual([403, "WrongHost"]);
    expect((await serve().inject({ url: "/v1/models", headers: { host: "[::1]:8400" } })).statusCode).toBe(200);
  });

  it("describes itself, for people and programs", async () => {
    const app = serve();
    const api = (await app.inject({ url: "/openapi.json", headers })).json();
    const routes = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => [method.toUpperCase(), path] as const),
    );
    for (const [method, url] of routes) expect(app.hasRoute({ method: method as "GET", url })).toBe(true);
    expect((await app.inject({ url: "/", headers })).body).toContain("/get_reward");
  });

  it("lets so many be scored at a time, so many wait, and tells the rest to come again", async () => {
    let release = (): void => undefined;
    const free = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reward = perCompletionTask("waits", async () => {
      await free;
      return 1;
    });
    const app = serve({ reward, concurrency: 2, queue: 3 });
    const all = Array.from({ length: 8 }, () => post(app, "/score", { samples: [{ completion: "x" }] }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await app.inject({ url: "/metrics", headers })).body).toMatch(/msrl_in_flight 2\n[\s\S]*msrl_waiting 3\n/);
    release();
    const replies = await Promise.all(all);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(5);
    const busy = replies.filter(({ status }) => status === 503);
    expect(busy).toHaveLength(3);
    expect([busy[0]!.body.error.tag, busy[0]!.headers["retry-after"]]).toEqual(["Busy", "1"]);
  });
});
