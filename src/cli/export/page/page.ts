import { kindOf } from '../../../contract/report';
import { count, duration } from '../../../text/format';
import { notExported } from '../../text/export';
import { printable } from '../../text/printable';
import { outcomeChart, rateChart, rejectChart, segmentChart, type Chart } from './charts';
import { html, Html } from './html';
import type { Drawing } from './load-plot';
import { sectionsOf, summaryOf, titleOf, type ChartName, type PageFacts, type Section } from './sections';
import { STYLE } from './style';

/** Nothing is loaded, and nothing runs. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The report as one HTML file that needs nothing beside it. */
export function toPage(facts: PageFacts, drawing: Drawing): string {
  const title = printable(titleOf(facts));
  const [status = '', ...summary] = summaryOf(facts);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>${title}</h1>
            <p class="status ${facts.report.status}">${status}</p>
            ${summary.map((line) => html`<p>${printable(line)}</p> `)}
          </header>
          ${tiles(facts)} ${sectionsOf(facts).map((section) => sectionOf(section, facts, drawing))}
        </main>
      </body>
    </html> `;
  return page.text;
}

function tiles({ report }: PageFacts): Html {
  const { selected, outcomes, durationMs } = report;
  // It counts no profiles.
  if (kindOf(report) === 'forget') return html``;
  const numbers = [
    ['selected', count(selected)],
    ['created', count(outcomes.created)],
    ['updated', count(outcomes.updated)],
    ['removed', count(outcomes.removed)],
    ['unchanged', count(outcomes.unchanged)],
    ['not exported', count(notExported(report))],
    ['took', duration(durationMs)],
  ] as const;
  return html`<dl class="tiles">
    ${numbers.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div> `,
    )}
  </dl>`;
}

function sectionOf(section: Section, facts: PageFacts, drawing: Drawing): Html {
  const { title, lines, rows } = section;
  const chart = section.chart && chartOf(section.chart, facts, drawing);
  const table = rows.length === 0 ? html`` : tableOf(section);
  return html`<section>
    <h2>${title}</h2>
    ${lines.map((line) => html`<p>${printable(line)}</p> `)}${
      chart
        ? html`${figureOf(chart)}
            <details>
              <summary>The numbers</summary>
              ${table}
            </details>`
        : table
    }
  </section> `;
}

function chartOf(name: ChartName, { report }: PageFacts, drawing: Drawing): Chart | undefined {
  switch (name) {
    case 'outcomes':
      return outcomeChart(drawing, report);
    case 'rate':
      return report.timeline && rateChart(drawing, report.timeline);
    case 'segments':
      return segmentChart(drawing, report);
    case 'rejects':
      return rejectChart(drawing, [
        ...report.refusals.map(({ outcome, class: reason, count: profiles }) => ({
          name: reason === '' ? outcome : reason,
          outcome,
          count: profiles,
        })),
        ...Object.entries(report.invalid).map(([rule, profiles]) => ({
          name: rule,
          outcome: 'invalid' as const,
          count: profiles,
        })),
      ]);
    default:
      return name satisfies never;
  }
}

function figureOf({ svg, legend }: Chart): Html {
  const keys = legend.map(
    ({ label, colour }) => html`<li><span style="background:${colour}"></span>${label}</li>`,
  );
  return html`<figure>
    ${svg}
    <figcaption>
      <ul>
        ${keys}
      </ul>
    </figcaption>
  </figure>`;
}

function tableOf({ title, head, rows }: Section): Html {
  const isNumber = head.map((_, column) => rows.every((row) => /^[+-]?[\d,.]*%?$/.test(row[column] ?? '')));
  const cells = (row: readonly string[]) =>
    row.map(
      (cell, column) => html`<td class="${isNumber[column] ? 'number' : 'text'}">${printable(cell)}</td>`,
    );
  return html`<div class="wide">
    <table>
      <caption>
        ${title}
      </caption>
      <thead>
        <tr>
          ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${cells(row)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}
