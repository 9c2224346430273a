/** The style sheet of a report: light, dark and print. Colours are the ones that charts name. */
export const STYLE = `
:root {
  --paper: #ffffff; --ink: #1b2733; --soft: #5b6875; --line: #d9dfe5; --tile: #f3f5f7;
  --green: #2f8f4e; --blue: #2f6fb7; --grey: #a9b3bd; --teal: #2b9a9a; --slate: #54708c; --orange: #d9822b; --brown: #9a7350;
  --violet: #8b6bc9; --yellow: #cfa500; --red: #c8403a; --pink: #cf6aa5; --dim: #7c8791;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12181f; --ink: #dfe6ee; --soft: #9aa7b4; --line: #2c3743; --tile: #1a222b;
    --green: #4fb573; --blue: #5b9be0; --grey: #6c7883; --teal: #45b8b8; --slate: #86a3c0; --orange: #e79a4c; --brown: #b58d69;
    --violet: #a68be0; --yellow: #e0bd34; --red: #e2645e; --pink: #e08bbd; --dim: #8b97a3;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 8px; padding-top: 12px; border-top: 1px solid var(--line); }
p { margin: 4px 0; overflow-wrap: anywhere; }
.status { font-weight: 600; }
.status.completed { color: var(--green); }
.status.failed { color: var(--red); }
.status.cancelled, .status.denied, .status.expired { color: var(--orange); }
.tiles { display: flex; flex-wrap: wrap; gap: 8px; margin: 20px 0 0; }
.tiles div { flex: 1 1 100px; background: var(--tile); border-radius: 6px; padding: 8px 12px; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; font-size: 18px; white-space: nowrap; font-variant-numeric: tabular-nums; }
figure { margin: 8px 0; }
figure svg { width: 100%; height: auto; overflow: visible; }
figcaption ul { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; margin: 4px 0; padding: 0; color: var(--soft); font-size: 13px; }
figcaption span { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px; }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; margin: 8px 0; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
@media print {
  :root { --paper: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb; --tile: #f3f5f7; }
  main { max-width: none; padding: 0; }
  section { break-inside: avoid-page; }
  .wide { overflow: visible; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
