import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll } from '@jest/globals';
import { stringify } from 'yaml';
import type { ExportReport } from '../../src/client';
import type { AccountBudget } from '../../src/contract/account-budget';
import type { OwnedProcess } from '../../src/dev/owned-process';
import { generateProfiles, type GeneratedProfiles } from '../../src/dev/profiles';
import { budgetQuery } from '../../src/workflows/messages';
import { accountWorkflow } from '../support/account-workflow';
import { postsTo } from '../support/mailchimp';
import { AUDIENCE_SEED, CONNECT, openStage, reportOf, type Stage } from '../support/stage';
import { untilAnswered } from '../support/until-answered';
import { startWorker } from './killed-worker';

export const BUDGET = 8;
export const WORKERS = 3;
const EXPORTS_OF_A_WORKER = 3;
const EXPORTS = WORKERS * EXPORTS_OF_A_WORKER;
const PROFILES = 10_000;
/** Of each write at the sandbox. */
const OPERATION_MS = 1_000;

let folder: string;
let stage: Stage;
let input: GeneratedProfiles;
const workers: OwnedProcess[] = [];

const audienceOf = (number: number) => `c417f00d0${number}`;
const destinationOf = (number: number) => `${stage.destinationId}-${number}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'account-budget-'));
  input = await generateProfiles({ profiles: PROFILES, seed: 7, folder });
  stage = await openStage({
    sandbox: {
      replies: 'lean',
      connectionLimit: BUDGET,
      audiences: Array.from({ length: EXPORTS }, (_, number) => ({
        ...AUDIENCE_SEED,
        id: audienceOf(number),
        name: `Newsletter ${number}`,
      })),
    },
  });
  for (let worker = 0; worker < WORKERS; worker++) await connectBy(worker);
}, 600_000);

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await stage.close();
  await rm(folder, { recursive: true, force: true });
});

/** Connects the destinations of one worker, whose store they then have. */
async function connectBy(worker: number): Promise<void> {
  const running = await startWorker(await configOf(worker));
  for (let index = 0; index < EXPORTS_OF_A_WORKER; index++) {
    const number = worker * EXPORTS_OF_A_WORKER + index;
    await untilAnswered(() =>
      stage.client.connect(destinationOf(number), { ...CONNECT, audienceId: audienceOf(number) }),
    );
    await stage.client.configure(destinationOf(number), {
      email: 'Email',
      fields: { FNAME: 'FirstName' },
      segments: { [input.segments[0]!]: 'All' },
    });
  }
  await running.stop();
}

/** Each worker has a store of its own, as on another machine. */
async function configOf(worker: number): Promise<string> {
  const members = { path: input.membershipFile, key: 'CustomerId', segment: 'Segment' };
  const path = join(folder, `worker-${worker}.yaml`);
  const account = { ...stage.config.accounts['main'], connections: BUDGET, longestRequestSeconds: 30 };
  await writeFile(
    path,
    stringify({
      accounts: { main: account },
      staging: { folder: join(folder, `staging-${worker}`) },
      temporal: { address: process.env['TEST_TEMPORAL_ADDRESS'], taskQueue: stage.taskQueue },
      sources: {
        people: {
          kind: 'files',
          profiles: { path: input.profilesFile, key: 'CustomerId' },
          segments: { [input.segments[0]!]: { members } },
        },
      },
    }),
  );
  return path;
}

const writes = () => postsTo(stage.sandbox, '/lists/{list_id}');

interface Looked {
  readonly inFlight: number;
  readonly writes: number;
}

function look(): Looked {
  const { inFlight } = stage.sandbox.control.state() as { inFlight: number };
  return { inFlight, writes: writes() };
}

/** What was seen while the exports ran. */
interface Seen {
  readonly reports: readonly ExportReport[];
  /** Of the requests at once, as the sandbox counts them. */
  readonly most: number;
  readonly refused: number;
  readonly budgets: readonly AccountBudget[];
  /** Share of the budget that was in use, from when all of it was until the last requests. */
  readonly used: number;
}

/** Three worker processes export three destinations each, to one account. */
export async function exportSideBySide(): Promise<Seen> {
  for (let worker = 0; worker < WORKERS; worker++) workers.push(await startWorker(await configOf(worker)));
  stage.sandbox.control.clearRequests();
  stage.sandbox.control.set({ operationMs: OPERATION_MS });
  const handles = await Promise.all(
    Array.from({ length: EXPORTS }, (_, number) =>
      stage.client.start(destinationOf(number), { options: { lane: 'direct' } }),
    ),
  );
  const looks: Looked[] = [];
  const budgets: AccountBudget[] = [];
  const account = await accountWorkflow(stage);
  const ended = new AbortController();
  const looking = (async () => {
    while (!ended.signal.aborted) {
      looks.push(look());
      if (looks.length % 20 === 0) budgets.push(await account.query(budgetQuery));
      await delay(50);
    }
  })();
  const reports = await Promise.all(handles.map(reportOf));
  ended.abort();
  await looking;
  const refused = stage.sandbox.requests().filter(({ status }) => status === 429).length;
  return { reports, most: stage.sandbox.maxConcurrent, refused, budgets, used: usedOf(looks) };
}

function usedOf(looks: readonly Looked[]): number {
  const first = looks.findIndex(({ inFlight }) => inFlight === BUDGET);
  const last = looks.findIndex((one) => one.writes >= writes() - 3 * BUDGET);
  const busy = looks.slice(first, last);
  return busy.reduce((sum, { inFlight }) => sum + inFlight, 0) / busy.length / BUDGET;
}
