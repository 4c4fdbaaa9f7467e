import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A chat server that answers every picture with its own words, counts the answers, and can be told to hold them back. */
export const captionServer = async () => {
  const answered = new Map<string, number>();
  const held: (() => void)[] = [];
  let room = Number.POSITIVE_INFINITY;
  let onHeld = (_count: number): void => {};

  const answer = (picture: string, response: ServerResponse): void => {
    answered.set(picture, (answered.get(picture) ?? 0) + 1);
    const choices = [{ message: { content: `picture ${picture}` }, finish_reason: "stop" }];
    response.end(JSON.stringify({ choices, usage: { prompt_tokens: 50, completion_tokens: 3 } }));
  };

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [, picture] = /base64,([^"]+)"/.exec(Buffer.concat(chunks).toString()) ?? [];
    if (room-- > 0) return answer(picture!, response);
    held.push(() => response.destroy());
    return onHeld(held.length);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    /** Answers by picture. */
    answered: answered as ReadonlyMap<string, number>,
    /** Answers so many more requests and holds the others back; resolves when `pending` are held. */
    hold: (more: number, pending: number): Promise<void> =>
      new Promise((resolve) => {
        room = more;
        onHeld = (count) => void (count >= pending && resolve());
      }),
    /** Lets go of what is held, unanswered, and answers all that comes. */
    release: (): void => {
      for (const drop of held.splice(0)) drop();
      room = Number.POSITIVE_INFINITY;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
};
