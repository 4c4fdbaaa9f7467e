import { encodePng, type Pixels } from "@msrl/core";
import { completionMarkup } from "./completion-markup.js";
import { html, type Markup } from "./markup.js";
import type { Report, SampleImage, SampleJudgement } from "./report.js";

/** Small pictures are enlarged by a whole number, so that their pixels stay square. */
const scaleOf = (pictures: readonly Pixels[]): number => {
  const side = Math.max(1, ...pictures.map(({ width, height }) => Math.max(width, height)));
  return Math.max(1, Math.floor((pictures.length > 1 ? 96 : 144) / side));
};

const imageMarkup = ({ pixels, caption }: SampleImage, name: string): Markup => {
  const scale = scaleOf(pixels);
  const frames = pixels.map((picture, at) => {
    const source = `data:image/png;base64,${Buffer.from(encodePng(picture)).toString("base64")}`;
    const alt = caption ?? (pixels.length > 1 ? `${name}, frame ${at + 1}` : name);
    return html`<img src="${source}" width="${picture.width * scale}" height="${picture.height * scale}" alt="${alt}">`;
  });
  return html`<figure><div class="frames">${frames}</div>${caption && html`<figcaption>${caption}</figcaption>`}</figure>`;
};

const verdictMarkup = ({ label, verdict }: SampleJudgement): Markup => {
  if (verdict === undefined) return html`<span class="verdict wrong">\u2717 no verdict could be read</span>`;
  if (label === undefined) return html`<span class="verdict">verdict ${verdict}</span>`;
  return verdict === label
    ? html`<span class="verdict right">\u2713 verdict ${verdict}: right</span>`
    : html`<span class="verdict wrong">\u2717 verdict ${verdict}: wrong</span>`;
};

const sampleMarkup = (sample: SampleJudgement): Markup => {
  const pictures = sample.images.map((image, at) => imageMarkup(image, `picture ${at + 1} of ${sample.id}`));
  const gold = sample.label !== undefined && html`<span class="soft">gold label ${sample.label}</span>`;
  return html`<article class="sample"><div class="head"><h3>${sample.task.replaceAll("_", " ")}</h3><span class="soft">${sample.id}</span>${gold}${verdictMarkup(sample)}</div>
<div><h4>Asked</h4>${pictures.length > 0 && html`<div class="pictures">${pictures}</div>`}<div class="told"><div dir="auto">${sample.promptText}</div></div></div>
<div><h4>Answered</h4>${completionMarkup(sample.completion)}</div></article>`;
};

/** Sample judgements with their pictures. */
export const samplesSection = ({ samples }: Report): Markup | undefined =>
  samples.length === 0
    ? undefined
    : html`<section><h2>Sample judgements</h2><p class="note">What the trained model was asked, and what it wrote.</p>${samples.map(sampleMarkup)}</section>`;
