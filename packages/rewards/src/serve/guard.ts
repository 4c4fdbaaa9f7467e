import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { isLoopback } from "./options.js";
import { isObject } from "./read.js";
import { type Refusal, refusal } from "./refusal.js";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The token that a request shows: bearer, password of the address, or `?token=`. */
const shownBy = ({ headers, query }: FastifyRequest): string | undefined => {
  const [scheme = "", value = ""] = (headers.authorization ?? "").split(" ", 2);
  if (/^bearer$/i.test(scheme)) return value;
  if (/^basic$/i.test(scheme)) return Buffer.from(value, "base64").toString("utf8").split(":").slice(1).join(":");
  const token = isObject(query) ? query.token : undefined;
  return typeof token === "string" ? token : undefined;
};

const hostOf = ({ headers }: FastifyRequest): string => (headers.host ?? "").replace(/:\d{1,5}$/, "");

/** Why a request may not enter; `undefined`: it may. Without a token a page of a browser must not reach it by another name. */
export const guard = (token: string | undefined): ((request: FastifyRequest) => Refusal | undefined) => {
  if (token === undefined)
    return (request) =>
      isLoopback(hostOf(request))
        ? undefined
        : refusal(403, "WrongHost", "a server without a token answers to localhost alone; start it with a token");
  const wanted = digest(token);
  return (request) => {
    const given = shownBy(request);
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return undefined;
    return refusal(
      401,
      "Unauthorized",
      "a token is wanted: Authorization: Bearer, or http://msrl:TOKEN@host, or ?token=",
    );
  };
};
