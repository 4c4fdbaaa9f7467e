/** The page's look: system fonts, a quiet palette, dark where the reader's system is; nothing is fetched. */
export const style = `
:root { color-scheme: light dark;
  --ground: #faf9f6; --card: #ffffff; --ink: #23262b; --soft: #666b73; --line: #e6e3dc; --good: #2b7a4b; --bad: #b23b3b;
  --c0: #2f6f9f; --c1: #c96a1b; --c2: #2e8b57; --c3: #a3478f; --c4: #8a7a1f; --c5: #6b6f78; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #15171a; --card: #1c1f23; --ink: #e4e2dd; --soft: #9a9ea6; --line: #2e3237; --good: #6cc48f; --bad: #ec8686;
  --c0: #6fb1e0; --c1: #eb9a56; --c2: #6cc48f; --c3: #d98cc7; --c4: #cdbb55; --c5: #a2a7b0; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
main { max-width: 1160px; margin: 0 auto; padding: 48px 28px 64px; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -0.015em; margin: 0; font-weight: 650; }
h2 { font-size: 1.2rem; letter-spacing: -0.005em; margin: 56px 0 4px; font-weight: 650; }
h3 { font-size: 0.95rem; margin: 28px 0 10px; font-weight: 600; }
p { margin: 0; } p.note, .soft { color: var(--soft); font-size: 0.875rem; }
p.note { max-width: 75ch; margin: 0 0 16px; }
header p.about { margin: 10px 0 0; max-width: 70ch; font-size: 1.05rem; }
header p.soft { margin-top: 8px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px; margin: 30px 0 0; padding: 0; }
.tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; }
.tiles dt { color: var(--soft); font-size: 0.85rem; }
.tiles dd { margin: 0; } .tiles dd.big { font-size: 1.9rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.02em; }
.tiles dd.soft { font-size: 0.82rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { padding: 9px 14px; text-align: right; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: 0.82rem; vertical-align: bottom; white-space: normal; }
th:first-child, td.text { text-align: left; } tbody th { font-weight: 500; }
td.text { white-space: normal; color: var(--soft); min-width: 16ch; }
td.overall, th.overall { font-weight: 600; } thead th.overall { color: var(--ink); }
td small { color: var(--soft); font-weight: 400; font-size: 0.78rem; }
td.share { background-color: color-mix(in srgb, var(--c0) calc(var(--heat) * 1%), transparent); }
thead tr:first-child .set { color: var(--ink); font-weight: 600; text-align: left; padding-bottom: 0; } thead tr + tr th { border-top: 0; }
.set, .overall { border-left: 1px solid var(--line); } .compared .overall { border-left: 0; }
td.wide { width: 36%; min-width: 180px; } td.wide svg { display: block; width: 100%; height: 16px; overflow: visible; }
.track { fill: var(--line); opacity: 0.6; } .fill { fill: var(--c0); opacity: 0.75; } .whisker { stroke: var(--ink); stroke-width: 1.5; fill: none; vector-effect: non-scaling-stroke; }
.panel { margin-top: 26px; } .panel h3 { margin: 0 14px 8px 0; display: inline-block; }
.row { display: flex; gap: 12px; overflow-x: auto; padding-bottom: 4px; scrollbar-width: thin; }
figure { margin: 0; } .row figure { flex: none; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 9px 8px 4px; }
.row figcaption { display: flex; justify-content: space-between; gap: 10px; font-size: 0.8rem; padding: 0 4px 4px; }
.row figcaption span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } .row figcaption b { font-weight: 600; }
.chart { display: block; } .chart text { font-size: 10.5px; fill: var(--soft); } .grid { stroke: var(--line); fill: none; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; } .dots { fill: none; stroke-width: 3.4; stroke-linecap: round; opacity: 0.38; }
.legend { display: inline-flex; flex-wrap: wrap; gap: 2px 14px; font-size: 0.8rem; color: var(--soft); margin-bottom: 8px; }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: middle; }
${[0, 1, 2, 3, 4, 5].map((at) => `path.c${at} { stroke: var(--c${at}); } i.c${at} { background: var(--c${at}); } .tag${at} > b { color: var(--c${at}); border-color: var(--c${at}); }`).join("\n")}
.sample { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px; margin-top: 16px; display: grid;
  grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 16px 28px; }
.sample > .head { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; } .sample h3 { margin: 0; }
.verdict { margin-left: auto; font-weight: 600; } .right { color: var(--good); } .wrong { color: var(--bad); }
.sample h4 { margin: 0 0 6px; font-size: 0.8rem; font-weight: 500; color: var(--soft); }
.pictures { display: flex; flex-wrap: wrap; gap: 14px; margin-bottom: 14px; } .pictures figcaption { font-size: 0.82rem; color: var(--soft); margin-top: 4px; }
.frames { display: flex; flex-wrap: wrap; gap: 4px; } .frames img { display: block; max-width: 100%; height: auto; border-radius: 4px; image-rendering: pixelated; }
.told { font: 0.84rem/1.6 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 30em; overflow-y: auto; }
.told > div { unicode-bidi: isolate; margin-bottom: 4px; } .told b { font-weight: 500; font-size: 0.92em; border: 1px solid; border-radius: 4px; padding: 0 4px; }
details { margin-top: 16px; } summary { cursor: pointer; font-weight: 500; } details > .card, details > h3 { margin-top: 14px; }
details.more { margin-top: 56px; } details.more > summary { font-size: 1.2rem; font-weight: 650; }
ul.notes { padding-left: 1.2em; max-width: 75ch; margin: 10px 0 0; } ul.notes li { margin: 4px 0; }
.facts th { font-weight: 500; vertical-align: top; white-space: normal; overflow-wrap: anywhere; } .facts tr:first-child > * { border-top: 0; } .facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; width: 70%; }
.yields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 0 20px; align-items: start; } .yields > div { min-width: 0; } .yields p { margin-top: 6px; }
footer { margin-top: 56px; color: var(--soft); font-size: 0.82rem; }
@media (max-width: 720px) { .row .chart { max-width: 74vw; height: auto; } main { padding: 28px 16px 48px; } h1 { font-size: 1.6rem; } h2 { margin-top: 44px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; } .tiles > div { padding: 12px 14px; } .tiles dd.big { font-size: 1.45rem; }
  .sample { grid-template-columns: minmax(0, 1fr); padding: 16px; } .verdict { margin-left: 0; } th, td { padding: 8px 10px; }
  .wide { display: none; } .compared td.text { min-width: 10ch; } .compared th, .compared td { padding: 8px; } .accuracy th:first-child, .compared th:first-child { position: sticky; left: 0; background: var(--card); white-space: normal; min-width: 8.5em; } }
@media print { .card, .row { overflow: visible; } .row { flex-wrap: wrap; } .told { max-height: none; } figure, .sample { break-inside: avoid; } }
`;
