import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { ExportReport, StartedExportHandle } from '../../src/client';
import { DESTINATION } from '../../src/dev/demo/setting';
import { FolderStore, openStagingToRead } from '../../src/staging';
import { readChain, type Chain } from '../history';
import { thisMachine } from '../machine';
import { measureExport } from '../measure-export';
import { openScene, type Scene } from '../scene';
import { watchMemory } from '../watch';

/** What a verification of an audience, and a forget of one person, take. */
export interface PeopleFigures {
  readonly machine: ReturnType<typeof thisMachine>;
  /** Date. */
  readonly at: string;
  readonly seconds: number;
  /** Of the whole machine, over the last 15 minutes: more than three times the cores show that other work ran beside it. */
  readonly load: number;
  readonly sizes: readonly SizeOfPeople[];
}

export interface SizeOfPeople {
  readonly profiles: number;
  readonly contacts: number;
  /** To read the whole audience, as an export does that takes a census. */
  readonly censusSeconds: number;
  readonly verifySeconds: number;
  /** Of these, to read the audience with its values, and to compare. */
  readonly readSeconds: number;
  readonly compareSeconds: number;
  /** Of the worker, while it compares and while it forgets. */
  readonly verifyRss: number;
  readonly forgetSeconds: number;
  readonly forgottenFiles: number;
  readonly forgetRss: number;
}

export async function measurePeople(
  { temporalBinary, sizes: wanted }: { readonly temporalBinary: string; readonly sizes: readonly number[] },
  say: (line: string) => void,
): Promise<PeopleFigures> {
  const start = performance.now();
  const sizes: SizeOfPeople[] = [];
  for (const profiles of wanted) {
    say(`${profiles} profiles: an export, a census, a verification, a forget`);
    const scene = await openScene({
      temporalBinary,
      profiles,
      lane: 'direct',
      replies: 'lean',
      operationMs: 0,
    });
    try {
      sizes.push(await measureSize(scene, profiles));
    } finally {
      await scene.close();
    }
    say(`  ${JSON.stringify(sizes.at(-1))}`);
  }
  return {
    machine: thisMachine(),
    at: new Date().toISOString().slice(0, 10),
    seconds: (performance.now() - start) / 1000,
    load: loadavg()[2] ?? 0,
    sizes,
  };
}

async function measureSize(scene: Scene, profiles: number): Promise<SizeOfPeople> {
  const first = await measureExport(scene);
  const { exports } = scene;
  const census = await measureJob(scene, () =>
    exports.start(DESTINATION, { options: { census: true, lane: 'direct' } }),
  );
  const verified = await measureJob(scene, () => exports.verify(DESTINATION));
  const { verification } = verified.report;
  if (verification?.compared !== first.sent || verification.differing > 0)
    throw new Error(`Not as exported: ${JSON.stringify(verification)}`);
  const requestId = await stageForget(scene, census.report);
  const forgot = await measureJob(scene, () => exports.startForget(DESTINATION, { requestId }));
  const { forgotten } = forgot.report;
  if (forgotten?.contacts !== 1) throw new Error(`Not forgotten: ${JSON.stringify(forgotten)}`);
  return {
    profiles,
    contacts: first.sent,
    censusSeconds: secondsOf(census.chain, 'takeCensus'),
    verifySeconds: verified.report.durationMs / 1000,
    readSeconds: secondsOf(verified.chain, 'readAudience'),
    compareSeconds: secondsOf(verified.chain, 'verifyAudience'),
    verifyRss: verified.peakIn('verifyAudience'),
    forgetSeconds: forgot.report.durationMs / 1000,
    forgottenFiles: forgotten.files,
    forgetRss: forgot.peakIn('forgetPerson'),
  };
}

async function measureJob(
  { workerPid, temporal, brokenOff }: Scene,
  start: () => Promise<StartedExportHandle>,
): Promise<{
  readonly report: ExportReport;
  readonly chain: Chain;
  readonly peakIn: (step: string) => number;
}> {
  const memory = watchMemory(workerPid);
  try {
    const handle = await start();
    const report = await Promise.race([handle.result(), brokenOff]);
    const { workflowId, firstExecutionRunId } = handle;
    if (firstExecutionRunId === undefined) throw new Error('The job was not started immediately.');
    const chain = await readChain(temporal, workflowId, firstExecutionRunId);
    const peakIn = (step: string) => {
      const { from, to } = windowOf(chain, step);
      return memory.peak(from, to);
    };
    return { report, chain, peakIn };
  } finally {
    await memory.stop();
  }
}

/** Leaves the request of a contact that the first export has created, as `person forget` does. */
async function stageForget({ staging }: Scene, { destinationId, exportId }: ExportReport): Promise<string> {
  const store = await openStagingToRead({ store: new FolderStore(staging), memoryLimit: '256MB' });
  const [person] =
    (await store?.readFailures({ destinationId, exportId }, { outcomes: ['unchanged'], limit: 1 })) ?? [];
  if (!store || !person?.email) throw new Error('The export has no contact.');
  return store.stageForget(destinationId, {
    person: { email: person.email },
    mailchimp: 'keep',
    keepOut: true,
    by: 'bench',
  });
}

function windowOf({ steps }: Chain, wanted: string): { readonly from: number; readonly to: number } {
  const found = steps.filter(({ type }) => type === wanted);
  if (found.length === 0) throw new Error(`No step ${wanted} has completed.`);
  return {
    from: Math.min(...found.map(({ started }) => started)),
    to: Math.max(...found.map(({ completed }) => completed)),
  };
}

function secondsOf(chain: Chain, step: string): number {
  const { from, to } = windowOf(chain, step);
  return (to - from) / 1000;
}
