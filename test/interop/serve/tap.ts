import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What stands between the program and the server, and counts. */
export interface Tap {
  readonly url: string;
  /** Bodies that were sent, in their order. */
  readonly asked: readonly string[];
  /** Bodies whose reply was handed over. */
  readonly answered: readonly string[];
  /** After so many further replies hands over no more of them, and calls back when these few have arrived. */
  cutAfter(replies: number, then: () => void): void;
  close(): Promise<unknown>;
}

/** Passes requests on to a server and its replies back, on a port of its own. */
export const tap = async (target: string): Promise<Tap> => {
  const asked: string[] = [];
  const answered: string[] = [];
  let cut: { readonly at: number; readonly call: () => void } | undefined;
  let life = 0; // of the program: a reply to one that is gone is handed to nobody
  const full = () => cut !== undefined && answered.length >= cut.at;

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    asked.push(body);
    const asker = life;
    const headers = { "content-type": "application/json" };
    const [status, text] = await fetch(`${target}${request.url}`, { method: "POST", headers, body }).then(
      async (reply) => [reply.status, await reply.text()] as const,
      (error: Error) => [502, error.message] as const,
    );
    if (full() || asker !== life) return void response.destroy();
    if (status === 200) answered.push(body);
    response.writeHead(status, headers).end(text);
    if (full()) setTimeout(cut!.call, 300);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    answered,
    cutAfter: (replies, then) => {
      cut = {
        at: answered.length + replies,
        call: () => {
          cut = undefined;
          life++;
          then();
        },
      };
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((closed) => server.close(closed));
    },
  };
};
