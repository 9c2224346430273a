import { Command } from 'commander';
import type { ExportReport } from '../../contract/report';
import type { ExistingMember } from '../../dev/demo/existing-members';
import type { Demo } from '../../dev/demo/run-demo';
import { createProgress } from '../export/progress';
import { lazy } from '../lazy';
import { EXIT_REFUSED } from '../shell/failure';
import { Interrupted, listenForStop } from '../shell/terminal';
import { action, type Cli, type Invocation } from '../shell/invocation';
import { examples, wholeNumber } from '../shell/options';
import { count } from '../../text/format';
import { describeReport } from '../text/report';
import type { Page } from '../text/page';
import { table } from '../text/table';

interface Options {
  readonly profiles?: number;
  readonly keep?: boolean;
}

export function demoCommand(cli: Cli): Command {
  return new Command('demo')
    .summary('Export sample segments to a sandbox audience')
    .description(
      'Starts a Temporal server with its Web UI, a Mailchimp sandbox and a worker. Exports the 59 customers of the Chinook sample ' +
        'database with three segments, exports again, changes three customers and exports a third time. No data leaves this machine.',
    )
    .option(
      '--profiles <n>',
      'export this many generated profiles, with realistic data errors, instead',
      wholeNumber,
    )
    .option('--keep', 'keep everything running until Ctrl-C')
    .addHelpText('after', examples('demo', 'demo --keep', 'demo --profiles 100000 --json'))
    .action(action(cli, run));
}

async function run(
  { terminal, options }: Invocation,
  { profiles, keep }: Options,
): Promise<number | undefined> {
  const say = terminal.err;
  const page = () => terminal.page('err');
  let progress = createProgress(terminal);
  const stop = listenForStop(terminal);
  try {
    const demo = await lazy.demo().runDemo({
      ...(profiles !== undefined && { profiles }),
      say: (line) => {
        progress.close();
        progress = createProgress(terminal);
        say(`\n${line}`);
      },
      onProgress: (view) => progress.update(view),
      onReport: (report) => {
        progress.close();
        say(`\n${describeReport(report, page())}`);
      },
      stopped: stop.requested,
    });
    if (!demo)
      throw new Interrupted('The demo was stopped. Its processes have ended and its files are deleted.');
    progress.close();
    say(`\n${describeAudience(demo, page())}`);
    if (demo.existing.length > 0) say(`\n${describeExisting(demo.existing, page())}`);
    if (keep) {
      say(`\n${describeKept(demo)}`);
      await Promise.race([stop.requested, demo.ended]);
    }
    const { peakRssBytes } = await demo.close();
    terminal.out(
      options.json
        ? JSON.stringify(toJson(demo, peakRssBytes))
        : `Peak memory of the worker: ${mebibytes(peakRssBytes)} MiB`,
    );
    return isSuccess(demo) ? undefined : EXIT_REFUSED;
  } finally {
    progress.close();
    stop.off();
  }
}

function describeAudience({ audience }: Demo, page: Page): string {
  const tags = Object.entries(audience.tags).map(([name, members]) => [name, count(members)]);
  return `The audience now has ${count(audience.members)} members.\n\n${table(['TAG', 'MEMBERS'], tags, page)}`;
}

function describeExisting(existing: readonly ExistingMember[], page: Page): string {
  const rows = existing.map(({ label, before, now, isPreserved }) => [
    label,
    before.status,
    now?.status ?? 'gone',
    before.tags.join(', '),
    now?.tags.join(', ') ?? '',
    isPreserved ? 'yes' : 'NO',
  ]);
  return [
    'Members that other tools added before the first export, read from the sandbox:',
    table(['MEMBER', 'STATUS BEFORE', 'NOW', 'TAGS BEFORE', 'TAGS NOW', 'PRESERVED'], rows, page),
    describePreserved(existing),
  ].join('\n\n');
}

function describePreserved(existing: readonly ExistingMember[]): string {
  const preserved = existing.filter(({ isPreserved }) => isPreserved).length;
  const all = existing.length;
  if (preserved < all) return `NOT PRESERVED: ${all - preserved} of ${all}. This is a bug, please report it.`;
  return (
    `${all} of ${all} preserved: no status changed, and no member lost a tag that another tool added. Archived members were withheld ` +
    '(suppressed), members that are not customers were not changed, and the customer who left all segments lost only the tags that ' +
    'this destination had added.'
  );
}

function isSuccess({ exports, existing }: Demo): boolean {
  return (
    exports.every(({ status }) => status === 'completed') && existing.every(({ isPreserved }) => isPreserved)
  );
}

function describeKept({ uiUrl, pages, configFile, apiKey }: Demo): string {
  return [
    `Everything runs until Ctrl-C. Temporal Web UI: ${uiUrl}`,
    `  the destination: ${pages.destination}`,
    `  the last export: ${pages.lastExport}`,
    'On these pages, "User Metadata" shows the current state, and the event history names each step.',
    'In another terminal:',
    `  export MAILCHIMP_API_KEY=${apiKey}   # of the sandbox`,
    `  npx temporal-mailchimp --config ${configFile} export show newsletter`,
    `  npx temporal-mailchimp --config ${configFile} export failures newsletter`,
  ].join('\n');
}

function mebibytes(bytes: number): string {
  return count(Math.round(bytes / 1024 / 1024));
}

function toJson({ exports, audience }: Demo, peakRssBytes: number) {
  return { exports: exports.map(toJsonExport), audience, worker: { peakRssBytes } };
}

function toJsonExport({
  selected,
  departed,
  outcomes,
  memberStatuses,
  segments,
  tally,
  durationMs,
}: ExportReport) {
  return {
    selected,
    departed,
    outcomes,
    memberStatuses,
    segments: segments.map(({ name, tagged, untagged, failed }) => ({ name, tagged, untagged, failed })),
    requests: tally?.requests ?? null,
    batches: tally?.batches ?? null,
    durationMs,
  };
}
