import { connect, type Socket } from "node:net";

/** A raw connection to a server: what it sent so far, and when it ends. */
export interface Raw {
  readonly socket: Socket;
  readonly received: () => string;
  readonly ended: Promise<string>;
}

/** Connects, and sends what is given as it is. */
export const raw = (url: string, sent: string | Buffer): Raw => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let received = "";
  const ended = new Promise<string>((resolve) => {
    socket.on("data", (data) => {
      received += data.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(received));
  });
  socket.write(sent);
  return { socket, received: () => received, ended };
};

/** A POST of JSON as it goes over the wire. */
export const wirePost = (path: string, body: string, length = Buffer.byteLength(body)): string =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;

/** Waits until something is so, at most so many milliseconds. */
export const until = async (so: () => boolean | Promise<boolean>, milliseconds = 20_000): Promise<void> => {
  const end = Date.now() + milliseconds;
  while (!(await so())) {
    if (Date.now() > end) throw new Error(`not so after ${milliseconds} ms: ${so}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
