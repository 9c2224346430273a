import { Command } from 'commander';
import type { ExportReport } from '../../contract/report';
import type { Neighbour } from '../../dev/demo/people-of-other-tools';
import type { Demo } from '../../dev/demo/run-demo';
import { createProgress } from '../export/progress';
import { lazy } from '../lazy';
import { Interrupted, listenForStop } from '../shell/terminal';
import { action, type Cli, type Invocation } from '../shell/invocation';
import { examples, wholeNumber } from '../shell/options';
import { count } from '../../text/format';
import { describeReport } from '../text/report';
import { table } from '../text/table';

interface Options {
  readonly profiles?: number;
  readonly keep?: boolean;
}

export function demoCommand(cli: Cli): Command {
  return new Command('demo')
    .summary('See real segments arrive in an audience')
    .description(
      'Brings a Temporal server with its Web UI, a Mailchimp sandbox and a worker; exports the 59 customers of the Chinook sample ' +
        'database with three segments, exports again, changes three customers and exports once more. Nothing leaves the machine.',
    )
    .option('--profiles <n>', 'generated, realistically dirty profiles instead', wholeNumber)
    .option('--keep', 'leave everything running until Ctrl-C')
    .addHelpText('after', examples('demo', 'demo --keep', 'demo --profiles 100000 --json'))
    .action(action(cli, run));
}

async function run(
  { terminal, options }: Invocation,
  { profiles, keep }: Options,
): Promise<number | undefined> {
  const say = terminal.err;
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
        say(`\n${describeReport(report)}`);
      },
      stopped: stop.asked,
    });
    if (!demo) throw new Interrupted('The demo was stopped; nothing of it is left.');
    progress.close();
    say(`\n${describeAudience(demo)}`);
    if (demo.neighbours.length > 0) say(`\n${describeNeighbours(demo.neighbours)}`);
    if (keep) {
      say(`\n${describeKept(demo)}`);
      await Promise.race([stop.asked, demo.ended]);
    }
    const { peakRssBytes } = await demo.close();
    terminal.out(
      options.json
        ? JSON.stringify(toJson(demo, peakRssBytes))
        : `Worker memory at its peak: ${mebibytes(peakRssBytes)} MiB`,
    );
    return isAsPromised(demo) ? 0 : 1;
  } finally {
    progress.close();
    stop.off();
  }
}

function describeAudience({ audience }: Demo): string {
  const tags = Object.entries(audience.tags).map(([name, members]) => [name, count(members)]);
  return `The audience now holds ${count(audience.members)} members.\n\n${table(['TAG', 'MEMBERS'], tags)}`;
}

function describeNeighbours(neighbours: readonly Neighbour[]): string {
  const rows = neighbours.map(({ who, before, now, isRespected }) => [
    who,
    before.status,
    now?.status ?? 'gone',
    before.tags.join(', '),
    now?.tags.join(', ') ?? '',
    isRespected ? 'yes' : 'NO',
  ]);
  return [
    'People whom other tools had brought, as the sandbox itself tells it:',
    table(['WHO', 'STATUS BEFORE', 'NOW', 'TAGS BEFORE', 'TAGS NOW', 'RESPECTED'], rows),
    describeRespect(neighbours),
  ].join('\n\n');
}

function describeRespect(neighbours: readonly Neighbour[]): string {
  const respected = neighbours.filter(({ isRespected }) => isRespected).length;
  const all = neighbours.length;
  if (respected < all) return `NOT RESPECTED: ${all - respected} of ${all}. This is a bug, please report it.`;
  return (
    `${all} of ${all} respected: nobody's status has changed, and nobody lost a tag that somebody else gave. The archived were ` +
    'withheld (suppressed), strangers were not touched, and whoever left all segments lost only what this destination had added.'
  );
}

function isAsPromised({ exports, neighbours }: Demo): boolean {
  return (
    exports.every(({ status }) => status === 'completed') &&
    neighbours.every(({ isRespected }) => isRespected)
  );
}

function describeKept({ uiUrl, pages, configFile, apiKey }: Demo): string {
  return [
    `Everything runs until Ctrl-C. Temporal Web UI: ${uiUrl}`,
    `  the destination: ${pages.destination}`,
    `  the last export: ${pages.lastExport}`,
    'There, "User Metadata" tells where it stands, and the history names each step.',
    'In another terminal:',
    `  export MAILCHIMP_API_KEY=${apiKey}   # the sandbox's`,
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
