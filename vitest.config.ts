import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["msrl-source"] },
  ssr: { resolve: { conditions: ["msrl-source"] } },
  test: {
    include: ["packages/*/{src,test}/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    testTimeout: 180_000, // no machine is too slow: only what hangs fails
    hookTimeout: 180_000,
    passWithNoTests: process.env.MSRL_GOLDEN !== undefined, // another folder of golden numbers may lack a topic
    pool: "threads",
    maxWorkers: "100%", // the default leaves one core alone, which is half of two
  },
});
