import { condition, uuid4 } from '@temporalio/workflow';
import {
  CONSENT_TEXT,
  whyNotCovered,
  type ConfigureRequest,
  type ConnectRequest,
  type StartedExport,
} from '../../contract/destination';
import { requireSize } from '../../contract/compact';
import { jobTitle } from '../../text/describe-export';
import { exportWorkflowId } from '../../contract/identifiers';
import type { JobInput, JobRequest } from '../../contract/job';
import { ExportError } from '../../errors';
import {
  toJobInput,
  withNextNumber,
  withoutQueued,
  withWatcher,
  type Connection,
  type DestinationState,
  type Job,
} from './state';
import { assignTags } from './tag-identity';
import { publishState, type Destination } from './live-destination';
import { reasonOf } from '../failure';
import { checks, storeChecks } from '../steps';

// Shown in the Web UI.
const CHECK_CONNECTION = { summary: 'Check account, audience, source and consent' };
const CHECK_CONFIGURATION = { summary: 'Check data matching, segments and tags' };

/** Requires a consent that was given with the request, or an earlier one that covers it. */
export function requireConsent({ state }: Destination, request: ConnectRequest): void {
  // That of the store is read by the check.
  if (adoptsConsent(state, request)) return;
  const { consent: given } = request;
  const isCurrent = given?.textVersion === CONSENT_TEXT.version;
  const { source = '', statusIfNew = '' } = state.connection ?? {};
  const agreed = { consent: given ? null : state.consent, source, statusIfNew };
  const why = isCurrent ? undefined : whyNotCovered(agreed, request);
  if (why === undefined) return;
  const what = state.connection
    ? 'The settings of the destination were not changed'
    : 'The destination was not connected';
  throw new ExportError(
    'CONSENT_REQUIRED',
    `${what}: ${why}. Read the statement, then connect with --agree.`,
  );
}

/** A destination that Temporal has lost continues with the consent that its store has recorded. */
function adoptsConsent({ connection }: DestinationState, { adopt, consent }: ConnectRequest): boolean {
  return adopt && !consent && !connection;
}

export function requireConnected({ state, destinationId }: Destination): Connection {
  if (state.phase === 'removed')
    throw new ExportError('DESTINATION_REMOVED', `The destination ${destinationId} has been removed.`);
  if (state.connection) return state.connection;
  throw new ExportError(
    'NOT_CONNECTED',
    `The destination ${destinationId} is not connected yet. Connect it first.`,
  );
}

export function requireConfigured(destination: Destination): void {
  requireConnected(destination);
  const { state, destinationId } = destination;
  if (!state.consent || state.consent.withdrawnAt) {
    throw new ExportError(
      'CONSENT_REQUIRED',
      `The consent of ${destinationId} was withdrawn. Connect it again with --agree.`,
    );
  }
  if (state.configuration) return;
  throw new ExportError(
    'NOT_CONFIGURED',
    `The destination ${destinationId} has no data matching and no segments yet. Configure it first.`,
  );
}

export async function connect(destination: Destination, request: ConnectRequest): Promise<void> {
  const { destinationId, state } = destination;
  try {
    requireSameAudience(destination, request);
    requireConsent(destination, request);
    const { consent: given, labels, ...rest } = request;
    const agreed = given && { ...given, agreedAt: new Date().toISOString() };
    // The rows of a destination stay in its store: a later connect must not be checked by a worker with another one.
    const steps = state.connection ? storeChecks(state.connection.storeId) : checks;
    const checked = await steps['mailchimp.checkConnection'].executeWithOptions(CHECK_CONNECTION, [
      {
        destinationId,
        request: rest,
        accountId: state.connection?.accountId ?? null,
        consent: agreed
          ? {
              event: 'agreed',
              by: agreed.agreedBy,
              at: agreed.agreedAt,
              textVersion: agreed.textVersion,
              source: request.source,
              statusIfNew: request.statusIfNew,
            }
          : null,
        ...(adoptsConsent(state, request) && { adoptsConsent: true }),
      },
    ]);
    const { accountId, audience, storeId, workerTimeoutSeconds, baseline } = checked;
    const { name, account, source, statusIfNew } = request;
    const consent = agreed ?? checked.consent;
    const checkedConnection = { accountId, audience, storeId, workerTimeoutSeconds };
    destination.update((now) => ({
      ...now,
      phase: now.configuration ? 'configured' : 'connected',
      connection: {
        name,
        account,
        source,
        statusIfNew,
        ...checkedConnection,
        exportUser: request.exportUser ?? now.connection?.exportUser ?? consent?.agreedBy ?? '',
        labels,
      },
      // A change of settings by someone who did not agree leaves it as it is.
      consent: consent ?? now.consent,
      // The one that was found is older where an export has ended during the check.
      baseline: now.baseline ?? baseline,
    }));
    publishState(destination);
  } catch (error) {
    destination.refuse(reasonOf(error));
    throw error;
  }
}

/** Baseline and tags belong to one audience of one account. */
function requireSameAudience({ state, destinationId }: Destination, { audienceId }: ConnectRequest): void {
  if (state.phase === 'removed')
    throw new ExportError('DESTINATION_REMOVED', `The destination ${destinationId} is being removed.`);
  if (!state.connection || state.connection.audience.id === audienceId) return;
  throw new ExportError(
    'AUDIENCE_MISMATCH',
    `The destination ${destinationId} belongs to audience ${state.connection.audience.id}. Connect another destination for audience ${audienceId}.`,
  );
}

export async function configure(destination: Destination, request: ConfigureRequest): Promise<void> {
  const connection = requireConnected(destination);
  const checked = await storeChecks(connection.storeId)['mailchimp.checkConfiguration'].executeWithOptions(
    CHECK_CONFIGURATION,
    [
      {
        destinationId: destination.destinationId,
        account: connection.account,
        audienceId: connection.audience.id,
        source: connection.source,
        request,
      },
    ],
  );
  destination.update((state) => {
    const own = state.configuration?.segments ?? [];
    const segments = assignTags(checked.segments, { own, adoptTags: request.adoptTags });
    const configuration = { ...checked, segments };
    requireSize(configuration);
    const { configuredAt = new Date().toISOString() } = state;
    return { ...state, configuration, configuredAt, phase: 'configured' };
  });
  publishState(destination);
}

export async function enqueue(
  destination: Destination,
  { notify, ...request }: JobRequest,
): Promise<StartedExport> {
  const { destinationId, state } = destination;
  const workflowId = exportWorkflowId(destinationId);
  const isEqual = (job: Job) => isSameRequest(job, request) && hasCurrentInput(destination, job);
  const equal = [state.unsettled, ...state.queue].find((job) => job !== null && isEqual(job));
  if (equal) {
    watch(destination, equal, notify);
    const runId = runIdOf(destination, equal);
    return { exportId: equal.exportId, number: equal.number, workflowId, ...runId, disposition: 'joined' };
  }
  const [queued] = state.queue;
  if (queued) throw busy(destinationId, [...(state.unsettled ? [state.unsettled] : []), queued]);
  const requestedAt = new Date().toISOString();
  const numbered = withNextNumber(state, request.kind);
  const job: Job = { ...request, exportId: uuid4(), number: numbered.number, requestedAt };
  const isQueued = state.unsettled !== null;
  destination.update(() => ({ ...numbered.state, queue: [...state.queue, job] }));
  watch(destination, job, notify);
  if (isQueued) return { exportId: job.exportId, number: job.number, workflowId, disposition: 'queued' };
  await condition(() => !isAboutToStart(destination, job));
  const runId = runIdOf(destination, job);
  return { exportId: job.exportId, number: job.number, workflowId, ...runId, disposition: 'started' };
}

function watch(destination: Destination, { exportId }: Job, notify: JobRequest['notify']): void {
  if (notify) destination.update((state) => withWatcher(state, exportId, notify.workflowId));
}

function busy(destinationId: string, jobs: readonly Job[]): ExportError {
  const open = jobs.map(jobTitle).join(' and then ');
  return new ExportError(
    'DESTINATION_BUSY',
    `${open} of ${destinationId} have not ended, and no further one can be queued. To see what they wait for: ` +
      `temporal-mailchimp export list ${destinationId}`,
  );
}

function isSameRequest(one: Pick<Job, 'kind' | 'options'>, other: Pick<Job, 'kind' | 'options'>): boolean {
  return one.kind === other.kind && isSame(one.options, other.options);
}

/** A queued job takes the configuration that is current when it starts; a running one keeps that of its start. */
function hasCurrentInput({ destinationId, state, running }: Destination, job: Job): boolean {
  if (state.queue.includes(job)) return true;
  const current = toJobInput(destinationId, state, job);
  return running?.job === job && isSame(nameless(running.input), nameless(current));
}

/** An export under another display name is the same export, and so is one whose destination becomes stale at another time. */
function nameless(input: JobInput | null): JobInput | null {
  if (!input) return null;
  const { staleAfterHours: _, ...configuration } = input.configuration;
  return { ...input, configuration, destinationName: '' };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A handler must not wait any longer: this run ends, and the next one starts, only when all handlers have answered. */
function isAboutToStart({ state, running, isHandingOver }: Destination, { exportId }: Job): boolean {
  if (state.unsettled?.exportId !== exportId)
    return !isHandingOver && state.queue.some((job) => job.exportId === exportId);
  return running === null || (running.firstExecutionRunId === null && !running.isBlocked);
}

function runIdOf({ running }: Destination, { exportId }: Job): Pick<StartedExport, 'firstExecutionRunId'> {
  const runId = running?.job.exportId === exportId ? running.firstExecutionRunId : null;
  return runId === null ? {} : { firstExecutionRunId: runId };
}

export function cancel(destination: Destination, exportId: string): void {
  const { destinationId, state, running } = destination;
  // A late approval has replaced it by another one.
  const { next } = state.exports.find((report) => report.exportId === exportId) ?? {};
  if (next) return cancel(destination, next.exportId);
  if (running?.job.exportId === exportId) return running.cancel();
  if (!state.queue.some((job) => job.exportId === exportId)) {
    throw new ExportError(
      'EXPORT_NOT_FOUND',
      'The export is neither running nor queued; there is nothing to cancel.',
    );
  }
  destination.update((now) => withoutQueued(destinationId, now, (job) => job.exportId === exportId));
}

export async function remove(destination: Destination, removedBy: string): Promise<void> {
  const withdrawn = { withdrawnAt: new Date().toISOString(), withdrawnBy: removedBy };
  destination.update((now) => {
    const state = withoutQueued(destination.destinationId, now, () => true);
    return { ...state, phase: 'removed', consent: state.consent && { ...state.consent, ...withdrawn } };
  });
  destination.running?.cancel();
  await condition(() => destination.isDiscarded);
}
