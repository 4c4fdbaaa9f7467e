// Captions COUNT pictures over a folder and prints what came of it: node ... program.ts FOLDER URL COUNT
import { key } from "@msrl/core";
import { openaiChat } from "@msrl/core/openai";
import { cachedCaptions, captionFolder, captionTransfer, fromChat } from "../../src/captions/index.js";
import { grey } from "../captioners.js";

const [folder, url, count] = process.argv.slice(2);
const chat = openaiChat({ url: url!, model: "vlm", attempts: 1 });
const captioner = cachedCaptions(captionFolder(folder!, { poll: 5 }))(fromChat({ chat }));
const samples = Array.from({ length: Number(count) }, (_, at) => ({
  id: `s${at}`,
  task: "image_understanding" as const,
  query: "What?",
  context: [grey(at)],
  responses: ["x", "y"] as const,
}));
const { samples: made, report } = await captionTransfer(captioner, { key: key(0), concurrency: 4 })(samples);
console.log(JSON.stringify({ captions: made.map(({ inText }) => inText.context[0]), cached: report.cached }));
