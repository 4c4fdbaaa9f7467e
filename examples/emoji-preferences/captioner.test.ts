import { key, media, text } from "@msrl/core";
import { openDevice } from "@msrl/core/session";
import { cachedCaptions, captionTransfer, fromPolicy, memoryCaptions } from "@msrl/distill";
import { expect, it } from "vitest";
import { loadBackbone } from "./backbone.js";
import { evaluationPool, loadSprites } from "./world/index.js";

/** Captions of a side have the side's letter before every fact, which a picture alone does not tell. */
const withoutLetters = (caption: string): string => caption.replace(/\b[AB] /g, "");

it("the base model captions pictures and videos one by one, most of them word for word", async () => {
  const device = await openDevice({ thread: "main" });
  const { policy, state } = await loadBackbone(device);
  const captioner = fromPolicy({
    policy,
    state,
    checkpoint: "base",
    render: (medium) => ({
      id: "look",
      messages: [{ role: "user", content: [text(`look ${medium.kind}`), media(medium)] }],
    }),
    read: ({ text, truncated }) => ({ text, truncated }),
    sampling: { maxTokens: 24 },
  });
  const samples = evaluationPool({ sprites: await loadSprites(), split: "dev", kind: "multimodal", count: 24 });
  const transfer = captionTransfer(cachedCaptions(memoryCaptions())(captioner), { key: key(1) });
  const { samples: made, report } = await transfer(samples);
  await device.close();
  expect(report).toMatchObject({ samples: 24, kept: 24, failures: 0, flaws: { empty: 0, truncated: 0, refused: 0 } });
  const exact = samples.flatMap((sample, at) => {
    const { context, responses } = made[at]!.inText;
    const said = [...context, ...responses];
    return [...sample.context, ...sample.responses].flatMap((each, part) =>
      typeof each === "string" ? [] : [said[part] === withoutLetters(each.caption!)],
    );
  });
  expect(exact.length).toBe(report.media);
  expect(exact.filter((same) => same).length / exact.length).toBeGreaterThan(0.75);
});
