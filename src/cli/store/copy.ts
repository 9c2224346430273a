import { setTimeout as delay } from 'node:timers/promises';
import type { ExportClient } from '../../client';
import { loadConfig } from '../../config/config-file';
import type { DestinationView } from '../../contract/destination-view';
import { ExportError } from '../../errors';
import type { CopyBetween } from '../../plugin/copy-configured-store';
import { lazy } from '../lazy';
import { isConfirmed, nothingChanged, requireTerminal } from '../shell/confirm';
import { EXIT_REFUSED } from '../shell/failure';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';
import { describeCopied, describePass, type MovedDestination } from '../text/store';

export interface CopyOptions {
  readonly cancel?: boolean;
  readonly yes?: boolean;
}

interface Files {
  readonly from: string;
  readonly to: string;
}

const NEEDS_YES = 'store copy needs --yes';

/** Copies a store, and lets the destinations of the task queue go on with the copy. */
export async function copyStore(
  invocation: Invocation,
  files: Files,
  { cancel = false, yes }: CopyOptions,
): Promise<number | undefined> {
  const { terminal, options } = invocation;
  const [from, to] = [await loadConfig(files.from), await loadConfig(files.to)];
  const between: CopyBetween = {
    from: { staging: from.config.staging, baseFolder: from.baseFolder },
    to: { staging: to.config.staging, baseFolder: to.baseFolder },
  };
  lazy.stores().requireApart(between);
  if (cancel) return cancelCopy(invocation, between);
  if (!yes) requireTerminal(invocation, NEEDS_YES);
  const { copyConfiguredStore, placeOf } = lazy.stores();
  const address = placeOf(between.to);
  return withClient({ ...invocation, options: { ...options, config: files.from } }, async (client) => {
    const reader = await lazy.reading().readStaging(between.from.staging, between.from.baseFolder);
    const views = await idleViewsOf(client, reader?.storeId);
    const question = `Copy the staging store ${reader?.storeId ?? ''} in ${placeOf(between.from)} to ${address}? It then takes no exports any longer; its destinations go on with the copy.`;
    if (!(await isConfirmed(invocation, { yes, needs: NEEDS_YES }, question)))
      return nothingChanged(invocation);
    const copied = await copyConfiguredStore(between, {
      baselines: views.flatMap(({ destinationId, baseline }) =>
        baseline ? { destinationId, exportId: baseline.exportId } : [],
      ),
      onPass: (pass) => terminal.err(describePass(pass)),
    });
    const destinations: MovedDestination[] = [];
    // Again: one may have been connected since.
    for (const { destinationId } of (await viewsOf(client)).filter(({ storeId }) => storeId === copied.from))
      destinations.push(await move(client, { destinationId, from: copied.from, to: copied.to }));
    const moved = { ...copied, address, destinations, others: await othersOf(client, copied.destinations) };
    print(invocation, {
      json: moved,
      text: () => describeCopied(moved, { files, place: placeOf(between.from) }),
    });
    const isWhole = moved.others.length === 0 && destinations.every(({ problem }) => !problem);
    return isWhole ? undefined : EXIT_REFUSED;
  });
}

async function cancelCopy(invocation: Invocation, between: CopyBetween): Promise<undefined> {
  const cancelled = await lazy.stores().cancelConfiguredCopy(between);
  print(invocation, {
    json: cancelled,
    text: () =>
      `The copy is given up: the store ${cancelled.from} takes exports. What was copied to ${lazy.stores().placeOf(between.to)} can be deleted.`,
  });
}

async function viewsOf(client: ExportClient): Promise<DestinationView[]> {
  const views: DestinationView[] = [];
  for (const { destinationId } of await client.list()) views.push(await client.describe(destinationId));
  return views;
}

const IDLE_TRIES = 5;

/** A destination hears of the end of its job a moment after the one who waits for the report. */
async function idleViewsOf(client: ExportClient, store: string | undefined): Promise<DestinationView[]> {
  for (let tries = 1; ; tries += 1) {
    const views = (await viewsOf(client)).filter(({ storeId }) => storeId === store);
    if (views.every(isIdle)) return views;
    if (tries === IDLE_TRIES) requireIdle(views);
    await delay(BUSY_MS);
  }
}

function isIdle({ running, queued }: DestinationView): boolean {
  return running === null && queued.length === 0;
}

function requireIdle(views: readonly DestinationView[]): void {
  const busy = views.filter((view) => !isIdle(view));
  if (busy.length === 0) return;
  const names = busy.map(({ destinationId }) => destinationId).join(', ');
  throw new ExportError(
    'DESTINATION_BUSY',
    `The store was not copied: ${names} ${busy.length === 1 ? 'has' : 'have'} jobs that have not ended. Wait for them, or cancel them: temporal-mailchimp export list ${busy[0]?.destinationId}`,
  );
}

const BUSY_MS = 2_000;
/** A job that has started during the copy ends soon, since its store takes none. */
const BUSY_TRIES = 30;

async function move(
  client: ExportClient,
  { destinationId, from, to }: { readonly destinationId: string; readonly from: string; readonly to: string },
): Promise<MovedDestination> {
  for (let tries = 1; ; tries += 1) {
    try {
      await client.moveStore(destinationId, { from, to });
      return { destinationId };
    } catch (error) {
      if (!(error instanceof ExportError)) throw error;
      if (error.code !== 'DESTINATION_BUSY' || tries === BUSY_TRIES)
        return { destinationId, problem: { code: error.code, message: error.message } };
      await delay(BUSY_MS);
    }
  }
}

/** Destinations of other task queues, whose rows are in the store as well. */
async function othersOf(client: ExportClient, ids: readonly string[]): Promise<string[]> {
  const others: string[] = [];
  for (const id of ids) {
    const code = await client.describe(id).then(
      () => undefined,
      (error: unknown) => (error instanceof ExportError ? error.code : undefined),
    );
    if (code === 'DESTINATION_OWNER_MISMATCH') others.push(id);
  }
  return others;
}
