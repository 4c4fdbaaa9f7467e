import { afterEach, describe, expect, it } from "vitest";
import { both } from "../../test/serving.js";
import { raw, until, wirePost } from "../../test/sockets.js";
import { perCompletionTask } from "../index.js";
import type { ServeOptions } from "./options.js";
import { type RewardServer, serveRewards } from "./serveRewards.js";

const servers: RewardServer[] = [];
const listen = async (options: Partial<ServeOptions> = {}): Promise<RewardServer> => {
  const server = await serveRewards({ reward: both, port: 0, ...options });
  servers.push(server);
  return server;
};
const sample = JSON.stringify({ samples: [{ completion: "x" }] });
const ask = (url: string) =>
  fetch(`${url}/score`, { method: "POST", headers: { "content-type": "application/json" }, body: sample });

/** A reward that answers when it is let, and tells how often it was asked and stopped. */
const held = () => {
  let release = (): void => undefined;
  const free = new Promise<void>((resolve) => {
    release = resolve;
  });
  const counts = { asked: 0, stopped: 0 };
  const reward = perCompletionTask("held", async (_, { signal }) => {
    counts.asked++;
    signal.addEventListener("abort", () => counts.stopped++);
    await free;
    return 1;
  });
  return { reward, counts, release: () => release() };
};

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe("serveRewards", () => {
  it("listens on this machine alone unless told otherwise, and says where it cannot", async () => {
    const { url } = await listen();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await ask(url)).status).toBe(200);
    const port = Number(new URL(url).port);
    await expect(listen({ port })).rejects.toMatchObject({ _tag: "ListenError", port, code: "EADDRINUSE" });
    await expect(listen({ host: "0.0.0.0" })).rejects.toMatchObject({ _tag: "ConfigurationError" });
  });

  it("answers what it has taken before it closes, those who wait too, and takes no more", async () => {
    const { reward, counts, release } = held();
    const server = await listen({ reward, concurrency: 2 });
    const asked = Array.from({ length: 5 }, () => ask(server.url).then((reply) => reply.json()));
    await until(() => counts.asked === 2);
    await until(async () => /msrl_waiting 3\n/.test(await (await fetch(`${server.url}/metrics`)).text()));
    const closing = server.close();
    await until(() =>
      ask(server.url).then(
        ({ status }) => status === 503,
        () => true,
      ),
    );
    release();
    const scores = (await Promise.all(asked)) as { readonly scores: readonly { readonly value: number }[] }[];
    expect(scores.map(({ scores: [score] }) => score!.value)).toEqual([1, 1, 1, 1, 1]);
    await closing;
    await expect(ask(server.url)).rejects.toThrow();
    await server.close(); // once more does nothing
  });

  it("stops a reward whose client is gone, and goes on", async () => {
    const { reward, counts, release } = held();
    const { url } = await listen({ reward, concurrency: 1 });
    const { socket } = raw(url, wirePost("/score", sample));
    await until(() => counts.asked === 1);
    const waiting = raw(url, wirePost("/score", sample));
    socket.destroy();
    waiting.socket.destroy();
    await until(() => counts.stopped >= 1);
    release();
    expect((await ask(url)).status).toBe(200);
  });

  it("answers 408 to who does not finish a request, in JSON", async () => {
    const { url } = await listen({ timeout: 100 });
    const answer = await raw(url, wirePost("/score", '{"samples":', 1000)).ended;
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(JSON.parse(answer.split("\r\n\r\n")[1]!).error.tag).toBe("TooSlow");
  });

  it.each<[string, string, number]>([
    ["no HTTP", "hello\r\n\r\n", 400],
    ["bytes of nothing", "\u0000\u0001\u0002\r\n\r\n", 400],
    ["endless headers", `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(100_000)}\r\n\r\n`, 431],
    ["a wrong length", "POST /score HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n", 400],
    ["too long a body, by its head alone", wirePost("/score", "", 2 ** 30), 413],
  ])("answers %s in JSON and goes on", async (_, sent, status) => {
    const { url } = await listen();
    const { socket, received } = raw(url, sent);
    await until(() => received().includes("}}"));
    socket.destroy();
    expect(received()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(received().split("\r\n\r\n")[1]!).error.message).toBeTruthy();
    expect((await ask(url)).status).toBe(200);
  });
});
