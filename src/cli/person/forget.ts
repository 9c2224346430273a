import { setTimeout as delay } from 'node:timers/promises';
import type { ExportClient } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import { AT_MAILCHIMP, type AtMailchimp, type ForgetCounts } from '../../contract/forget';
import { ExportError } from '../../errors';
import type { ForgetRequest } from '../../ports/staging';
import { listOf } from '../../text/format';
import { lazy } from '../lazy';
import { follow } from '../export/follow';
import { isConfirmed, nothingChanged, requireTerminal } from '../shell/confirm';
import { EXIT_REFUSED } from '../shell/failure';
import { print, type Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import {
  describeForgottenIn,
  describeNothingToForget,
  describeWhatStays,
  type LookedAt,
  questionOf,
} from '../text/forget';
import { personNamed, viewsOf } from './show';

export interface ForgetOptions {
  readonly as: string;
  readonly destination?: readonly string[];
  readonly key?: boolean;
  readonly mailchimp?: AtMailchimp;
  readonly keepOut?: boolean;
  readonly yes?: boolean;
}

/** What became of the person in one destination. */
export interface ForgottenIn {
  readonly destinationId: string;
  readonly audience: string;
  /** Absent: `problem` says why the person is not forgotten there. */
  readonly forgotten?: ForgetCounts;
  readonly problem?: { readonly code: string; readonly message: string };
}

const NEEDS_YES = 'person forget needs --yes';

/** Forgets one person in the destinations, one after the other. The request lies in the store: nothing of the person reaches Temporal. */
export async function forgetPerson(
  invocation: Invocation,
  named: string,
  { as: by, destination, key, mailchimp: chosen, keepOut = false, yes }: ForgetOptions,
): Promise<number | undefined> {
  const person = personNamed(named, key);
  if (!yes) requireTerminal(invocation, NEEDS_YES);
  if (chosen === undefined) requireTerminal(invocation, 'person forget needs --mailchimp');
  return withClient(invocation, async (client, { config, temporal }) => {
    const found = await viewsOf(client, destination);
    const views = found.filter(hasRows);
    if (views.length === 0)
      return nothingToForget(invocation, {
        temporal,
        store: config && lazy.reading().addressOf(config.staging),
        found: found.map(({ destinationId }) => destinationId),
      });
    const mailchimp = chosen ?? (await askWhatBecomes(invocation, views));
    const question = questionOf(named, { views, mailchimp, keepOut });
    if (!(await isConfirmed(invocation, { yes, needs: NEEDS_YES }, question)))
      return nothingChanged(invocation);
    const request: ForgetRequest = { person, mailchimp, keepOut, by };
    const forgotten: ForgottenIn[] = [];
    for (const view of views) forgotten.push(await forgetIn(invocation, { client, view, request }));
    print(invocation, {
      json: { ...person, mailchimp, keepOut, destinations: forgotten },
      text: () =>
        [...forgotten.map(describeForgottenIn), describeWhatStays({ mailchimp, keepOut }, forgotten)].join(
          '\n',
        ),
    });
    return forgotten.every(({ problem }) => problem === undefined) ? undefined : EXIT_REFUSED;
  });
}

/** One that was connected again with `--adopt` has rows before it is configured. */
function hasRows({ configuration, baseline }: DestinationView): boolean {
  return configuration !== null || baseline !== null;
}

/** Without any destination, the server or the task queue may be a wrong one: a script must not take that for done. */
function nothingToForget(invocation: Invocation, lookedAt: LookedAt): number | undefined {
  const { temporal, store, found } = lookedAt;
  const { address, namespace, taskQueue } = temporal;
  const message = describeNothingToForget(lookedAt);
  invocation.terminal.err(message);
  if (invocation.options.json)
    print(invocation, {
      json: { destinations: [], lookedAt: { address, namespace, taskQueue, store: store ?? null, found } },
      text: () => message,
    });
  return found.length === 0 ? EXIT_REFUSED : undefined;
}

async function askWhatBecomes(
  { terminal, usageError }: Invocation,
  views: readonly DestinationView[],
): Promise<AtMailchimp> {
  const audiences = listOf(views.map(({ audience }) => audience.name));
  const answer = await terminal.ask(
    `What becomes of the contact at Mailchimp (${audiences})? keep: nothing is sent; untag: our tags are taken off; ` +
      'delete: it is permanently deleted, and cannot be imported again [keep/untag/delete] ',
  );
  const chosen = AT_MAILCHIMP.find((one) => one === answer.trim().toLowerCase());
  return chosen ?? usageError('answer keep, untag or delete');
}

interface Forgetting {
  readonly client: ExportClient;
  readonly view: DestinationView;
  readonly request: ForgetRequest;
}

/** One destination that cannot be asked does not keep the person in the others. */
async function forgetIn(invocation: Invocation, forgetting: Forgetting): Promise<ForgottenIn> {
  const { destinationId, audience, storeId } = forgetting.view;
  const named = { destinationId, audience: `${audience.name} (${audience.id})` };
  try {
    const reader = await openStoreOf(invocation, { destinationId, storeId });
    const requestId = await reader.stageForget(destinationId, forgetting.request);
    let isStarted = false;
    try {
      const handle = await startWhenFree(invocation, forgetting, requestId);
      isStarted = true;
      return { ...named, ...(await endOf(invocation, forgetting.client, handle)) };
    } finally {
      if (!isStarted) await reader.dropForget(destinationId, requestId);
    }
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    return { ...named, problem: { code: error.code, message: error.message } };
  }
}

type Started = Awaited<ReturnType<ExportClient['startForget']>>;

const BUSY_MS = 3_000;

/** A destination with a job that runs and one that waits takes no further one. */
async function startWhenFree(
  { terminal }: Invocation,
  { client, view: { destinationId } }: Forgetting,
  requestId: string,
): Promise<Started> {
  for (let isSaid = false; ; isSaid = true) {
    try {
      return await client.startForget(destinationId, { requestId });
    } catch (error) {
      if (!(error instanceof ExportError) || error.code !== 'DESTINATION_BUSY') throw error;
      if (!isSaid) terminal.err(`${destinationId} has jobs to finish first; waiting for them.`);
      await delay(BUSY_MS);
    }
  }
}

async function endOf(invocation: Invocation, client: ExportClient, handle: Started) {
  const followed = await follow(invocation, { client, handle, until: 'stopped' });
  if (followed.at !== 'report')
    return {
      problem: {
        code: 'DESTINATION_BUSY',
        message: `It waits for a person: temporal-mailchimp export watch ${handle.destinationId}. The person is forgotten when it goes on.`,
      },
    };
  const { forgotten, failure, status } = followed.report;
  if (forgotten) return { forgotten };
  const message = `The job has ${status}; the person is not forgotten. Repeat the command.`;
  return { problem: failure ?? { code: 'EXPORT_CANCELLED', message } };
}
