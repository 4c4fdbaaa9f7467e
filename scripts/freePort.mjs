import { createServer } from "node:net";

/**
 * A port of this machine that nobody listens at now.
 *
 * @returns {Promise<number>}
 */
export const freePort = () =>
  new Promise((found, fails) => {
    const server = createServer();
    server.on("error", fails);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
