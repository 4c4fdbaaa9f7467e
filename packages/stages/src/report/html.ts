import { headlines } from "./headlines.js";
import { html, type Markup } from "./markup.js";
import type { Report } from "./report.js";
import { accuracySection, comparisonSection } from "./section-accuracy.js";
import { curvesSection } from "./section-curves.js";
import { detailsSection, notesSection, yieldsSection } from "./section-details.js";
import { samplesSection } from "./section-samples.js";
import { style } from "./style.js";

// Nothing may run and nothing may be fetched, whatever a completion says: escaping is the first wall, this the second.
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const head = (report: Report): Markup => {
  const machine = Object.entries(report.machine)
    .slice(0, 2)
    .map(([name, value]) => (typeof value === "number" ? `${value} ${name}` : value));
  const facts = [report.created, ...machine, report.versions.node && `Node ${report.versions.node}`].filter(Boolean);
  const tiles = headlines(report).map(
    ({ label, value, note }) =>
      html`<div><dt>${label}</dt><dd class="big">${value}</dd>${note && html`<dd class="soft">${note}</dd>`}</div>`,
  );
  return html`<header><h1>${report.name}</h1>${report.description && html`<p class="about">${report.description}</p>`}${facts.length > 0 && html`<p class="soft">${facts.join(" \u00b7 ")}</p>`}${tiles.length > 0 && html`<dl class="tiles">${tiles}</dl>`}</header>`;
};

/**
 * A report as one HTML page that stands alone: no script, no network, light or dark as the reader's system is.
 *
 * Everything in the report is escaped; a content security policy in the page forbids scripts and requests besides.
 *
 * @example
 * import { emptyReport, renderReport } from "@msrl/stages/report";
 * assert.match(renderReport(emptyReport("first <run>")), /<h1>first &lt;run&gt;<\/h1>/);
 * @since 0.1.0
 */
export const renderReport = (report: Report): string => {
  const sections = [
    accuracySection(report),
    comparisonSection(report),
    samplesSection(report),
    curvesSection(report),
    yieldsSection(report),
    notesSection(report),
    detailsSection(report),
  ];
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${report.name}</title><style>${{ markup: style }}</style></head>
<body><main>${head(report)}${sections}<footer>The file report.json beside this page holds all that it shows.</footer></main></body></html>
`.markup;
};
