import { connect } from "node:net";

/** What a load found: milliseconds of every answer, and of all of it. */
export interface Load {
  readonly latencies: readonly number[];
  readonly wall: number;
}

/** Where the first answer in what was received ends; -1: it is not whole yet. */
const endOf = (received: Buffer): number => {
  const head = received.indexOf("\r\n\r\n");
  if (head < 0) return -1;
  const text = received.toString("latin1", 0, head);
  if (!text.startsWith("HTTP/1.1 200")) throw new Error(text.split("\r\n")[0]);
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
  return received.length >= head + 4 + length ? head + 4 + length : -1;
};

/** Asks one question after another over one connection that stays open. */
const client = (port: number, next: () => Buffer | undefined, latencies: number[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    let started = 0;
    const ask = (): void => {
      const request = next();
      if (request === undefined) {
        socket.destroy();
        resolve();
        return;
      }
      started = performance.now();
      socket.write(request);
    };
    socket.on("connect", ask);
    socket.on("error", reject);
    socket.on("data", (data) => {
      received = received.length === 0 ? data : Buffer.concat([received, data]);
      try {
        const end = endOf(received);
        if (end < 0) return;
        received = received.subarray(end);
      } catch (error) {
        socket.destroy();
        reject(error);
        return;
      }
      latencies.push(performance.now() - started);
      ask();
    });
  });

/** Sends requests in turn over so many connections, each with one question under way at a time. */
export const load = async (
  port: number,
  requests: readonly Buffer[],
  count: number,
  connections: number,
): Promise<Load> => {
  const latencies: number[] = [];
  let sent = 0;
  const next = () => (sent < count ? requests[sent++ % requests.length] : undefined);
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, () => client(port, next, latencies)));
  return { latencies, wall: performance.now() - started };
};
