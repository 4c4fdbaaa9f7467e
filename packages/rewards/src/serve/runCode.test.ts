import { describe, expect, it } from "vitest";
import { post, serve } from "../../test/serving.js";

describe("/run_code", () => {
  const body = {
    code: "print(1)",
    language: "python",
    stdin: null,
    compile_timeout: 1,
    run_timeout: 1,
    memory_limit_MB: 64,
    files: {},
    fetch_files: [],
  };

  it("passes code on to the sandbox, and its answer back", async () => {
    const asked: unknown[] = [];
    const fetch = async (url: unknown, init?: { body?: unknown }) => {
      asked.push(url, JSON.parse(String(init?.body)));
      return new Response(JSON.stringify({ status: "Success" }), { status: 200 });
    };
    const { status, body: given } = await post(
      serve({ sandbox: "http://127.0.0.1:1/", fetch: fetch as never }),
      "/run_code",
      body,
    );
    expect([status, given]).toEqual([200, { status: "Success" }]);
    expect(asked).toEqual(["http://127.0.0.1:1/run_code", body]);
  });

  it("says what is missing, gone or late", async () => {
    const gone = serve({
      sandbox: "http://127.0.0.1:1",
      fetch: async () => {
        throw new TypeError("fetch failed", { cause: new Error("refused") });
      },
    });
    const late = serve({
      sandbox: "http://127.0.0.1:1",
      timeout: 20,
      fetch: (() => new Promise(() => undefined)) as never,
    });
    expect((await post(serve(), "/run_code", body)).body.error.tag).toBe("NoSandbox");
    expect((await post(gone, "/run_code", body)).body.error).toEqual({
      tag: "SandboxGone",
      message: "the sandbox does not answer: refused",
    });
    const { status } = await post(late, "/run_code", body);
    expect(status).toBe(504); // what verl asks again at
    expect((await post(gone, "/run_code", { language: "python" })).body.error.field).toBe("code");
  });
});
