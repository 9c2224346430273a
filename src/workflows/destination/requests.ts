import { condition, patched } from '@temporalio/workflow';
import {
  CONSENT_TEXT,
  whyNotCovered,
  type Configuration,
  type ConfigureRequest,
  type ConnectRequest,
  type Consent,
  type WithdrawConsentRequest,
  type StartedExport,
} from '../../contract/destination';
import { requireSize } from '../../contract/compact';
import { needsSecondPerson, requireAsker } from '../../contract/second-person';
import type { SkipReason } from '../../contract/refresh';
import { jobTitle } from '../../text/describe-export';
import { refusalFor } from '../../text/why-skipped';
import { exportWorkflowId } from '../../contract/identifiers';
import type { JobInput, JobRequest, Proposal } from '../../contract/job';
import { ExportError } from '../../errors';
import {
  askerOf,
  openProposals,
  removed,
  isConsentWithdrawn,
  toJobInput,
  withConsent,
  withNextNumber,
  withSchedule,
  withSearchAttributes,
  withoutConsent,
  withoutQueued,
  withWatcher,
  type Connection,
  type DestinationState,
  type Job,
} from './state';
import { thisCaller } from './caller';
import { newExportId } from './export-id';
import { requireRoom, toProposed, type Proposed } from './proposed';
import { assignTags } from './tag-identity';
import { publishState, type Destination } from './live-destination';
import { reasonOf } from '../failure';
import { checks, storeChecks } from '../steps';

// Shown in the Web UI.
const CHECK_CONNECTION = { summary: 'Check account, audience, source and consent' };
const RECORD_WITHDRAWAL = { summary: 'Record the withdrawal of consent' };
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
  if (state.phase === 'removed') throw refused('removed', destinationId);
  if (state.connection) return state.connection;
  throw new ExportError(
    'NOT_CONNECTED',
    `The destination ${destinationId} is not connected yet. Connect it first.`,
  );
}

function requireConfigured(destination: Destination): void {
  requireConnected(destination);
  const { state, destinationId } = destination;
  if (!state.consent || isConsentWithdrawn(state)) throw refused('consent_withdrawn', destinationId);
  if (!state.configuration) throw refused('not_configured', destinationId);
}

/** To take tags away, or to forget a person, needs no consent. */
export function requireStartable(
  destination: Destination,
  { kind, removal, forget }: Pick<JobRequest, 'kind' | 'removal' | 'forget'>,
): void {
  if (kind === 'verify') requireExported(destination);
  if (!removal && !forget) return requireConfigured(destination);
  requireConnected(destination);
  if (!destination.state.configuration) throw refused('not_configured', destination.destinationId);
}

/** An export that runs or waits may leave a baseline. */
function requireExported({ state, destinationId }: Destination): void {
  if (!state.connection || state.baseline || state.unsettled || state.queue.length > 0) return;
  throw new ExportError(
    'EXPORT_NOT_FOUND',
    `There is nothing to verify: the destination ${destinationId} has exported nothing yet. To start an export: temporal-mailchimp export start ${destinationId}`,
  );
}

function refused(why: SkipReason, destinationId: string): ExportError {
  const { code, message } = refusalFor(why, destinationId);
  return new ExportError(code, message);
}

export async function connect(destination: Destination, request: ConnectRequest): Promise<void> {
  const { destinationId, state } = destination;
  try {
    requireSameAudience(destination, request);
    requireConsent(destination, request);
    const { consent: _, labels, ...rest } = request;
    const agreed = consentOf(state, request);
    // The rows of a destination stay in its store: a later connect must not be checked by a worker with another one.
    const steps = state.connection ? storeChecks(state.connection.storeId) : checks;
    const checked = await destination.whileConnecting(() =>
      steps['mailchimp.checkConnection'].executeWithOptions(CHECK_CONNECTION, [
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
                ...(agreed.proof !== undefined && { proof: agreed.proof }),
              }
            : null,
          ...(adoptsConsent(state, request) && { adoptsConsent: true }),
          ...(isProvenBefore(state, request) && { isProvenBefore: true }),
        },
      ]),
    );
    requireNotRemoved(destination);
    const { accountId, audience, storeId, workerTimeoutSeconds, baseline } = checked;
    const { name, account, source, statusIfNew } = request;
    const consent = agreed ?? checked.consent;
    const checkedConnection = { accountId, audience, storeId, workerTimeoutSeconds };
    destination.update((now) => ({
      // A change of settings by someone who did not agree leaves it as it is.
      ...withSearchAttributes(consent ? withConsent(now, consent) : now, checked),
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
      // The one that was found is older where an export has ended during the check.
      baseline: now.baseline ?? baseline,
    }));
    publishState(destination);
  } catch (error) {
    destination.refuse(reasonOf(error));
    throw error;
  }
}

/** What is to be recorded: an agreement, or a new proof with the agreement that stays. Undefined: nothing. */
function consentOf(state: DestinationState, request: ConnectRequest): Consent | undefined {
  const { consent: given } = request;
  const { consent: known } = state;
  const proof = request.consentProof ?? (isProvenBefore(state, request) ? known?.proof : undefined);
  const proven = proof === undefined ? {} : { proof };
  if (given) return { ...given, agreedAt: new Date().toISOString(), ...proven };
  return known && proof !== undefined && proof !== known.proof ? { ...known, proof } : undefined;
}

/** A destination that was connected without a proof, or with one, keeps its status. */
function isProvenBefore({ connection, consent }: DestinationState, { statusIfNew }: ConnectRequest): boolean {
  const isSame = connection?.statusIfNew === statusIfNew;
  return isSame && consent !== null && consent.withdrawnAt === undefined;
}

/** Also after a check: a removal that has ended by then must not be undone. */
function requireNotRemoved({ state, destinationId }: Destination): void {
  if (state.phase === 'removed')
    throw new ExportError('DESTINATION_REMOVED', `The destination ${destinationId} is being removed.`);
}

/** Baseline and tags belong to one audience of one account. */
function requireSameAudience(destination: Destination, { audienceId }: ConnectRequest): void {
  requireNotRemoved(destination);
  const { state, destinationId } = destination;
  if (!state.connection || state.connection.audience.id === audienceId) return;
  throw new ExportError(
    'AUDIENCE_MISMATCH',
    `The destination ${destinationId} belongs to audience ${state.connection.audience.id}. Connect another destination for audience ${audienceId}.`,
  );
}

export async function configure(destination: Destination, request: ConfigureRequest): Promise<void> {
  const checked = await checkConfiguration(destination, request);
  requireNotRemoved(destination);
  destination.update((state) => {
    const configuration = assigned(state, checked, request);
    requireRoom(configuration, openProposals(state));
    const { configuredAt = new Date().toISOString() } = state;
    return { ...state, configuration, configuredAt, phase: 'configured' };
  });
  publishState(destination);
}

type CheckedConfiguration = Awaited<ReturnType<typeof checkConfiguration>>;

/** With the tags that the segments have, or get. @throws ExportError TAG_TAKEN, CONFIGURATION_TOO_LARGE */
function assigned(
  state: DestinationState,
  checked: CheckedConfiguration,
  { adoptTags }: Pick<ConfigureRequest, 'adoptTags'>,
): Configuration {
  const own = state.configuration?.segments ?? [];
  const configuration = { ...checked, segments: assignTags(checked.segments, { own, adoptTags }) };
  requireSize(configuration);
  return configuration;
}

async function checkConfiguration(destination: Destination, request: ConfigureRequest) {
  const connection = requireConnected(destination);
  return storeChecks(connection.storeId)['mailchimp.checkConfiguration'].executeWithOptions(
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
}

/** Checked as `configure` checks it. Not stored, but for the one plan. */
async function propose(destination: Destination, proposal: Proposal): Promise<Proposed> {
  const { configure: request, statusIfNew } = proposal;
  const checked = await checkConfiguration(destination, request);
  const { state } = destination;
  const proposed = {
    ...toProposed(assigned(state, checked, request), state.configuration),
    ...(statusIfNew !== undefined && { statusIfNew }),
  };
  requireRoom(state.configuration, openProposals(state), proposed);
  return proposed;
}

export async function enqueue(
  destination: Destination,
  { notify, proposal, ...request }: JobRequest,
): Promise<StartedExport> {
  // Before the state is read: an export may end while it is checked.
  const proposed = proposal && (await propose(destination, proposal));
  requireNotRemoved(destination);
  const { destinationId } = destination;
  const workflowId = exportWorkflowId(destinationId);
  if (request.kind === 'export' && !notify)
    requireAsker({ askedBy: askerOf(request), approval: destination.state.configuration?.approval });
  const isEqual = (job: Job) =>
    !proposed && !job.proposed && isSameRequest(job, request) && hasCurrentInput(destination, job);
  const equal = [destination.state.unsettled, ...destination.state.queue].find(
    (job) => job !== null && isEqual(job),
  );
  if (equal) {
    watch(destination, equal, notify);
    const runId = runIdOf(destination, equal);
    return { exportId: equal.exportId, number: equal.number, workflowId, ...runId, disposition: 'joined' };
  }
  if (request.removal && request.kind === 'export') makeWay(destination);
  const { state } = destination;
  const [queued] = state.queue;
  if (queued) throw busy(destinationId, [...(state.unsettled ? [state.unsettled] : []), queued]);
  const requestedAt = new Date().toISOString();
  const numbered = withNextNumber(state, request.kind);
  const { number } = numbered;
  const job: Job = {
    ...request,
    exportId: newExportId(destination, { kind: request.kind, number }),
    number,
    requestedAt,
    ...(notify && { requestedBy: notify.workflowId }),
    ...(proposed && { proposed }),
  };
  const isQueued = state.unsettled !== null;
  destination.callers.set(job.exportId, thisCaller());
  destination.update(() => ({ ...numbered.state, queue: [...state.queue, job] }));
  watch(destination, job, notify);
  if (isQueued) return { exportId: job.exportId, number: job.number, workflowId, disposition: 'queued' };
  await condition(() => !isAboutToStart(destination, job));
  const runId = runIdOf(destination, job);
  return { exportId: job.exportId, number: job.number, workflowId, ...runId, disposition: 'started' };
}

/** What runs or waits would add contacts that the removal has to take away again. */
function makeWay(destination: Destination): void {
  destination.update((state) => withoutQueued(destination.destinationId, state, () => true));
  destination.running?.cancel();
}

function watch(destination: Destination, { exportId }: Job, notify: JobRequest['notify']): void {
  if (!notify) return;
  const { workflowId, schedule } = notify;
  const askedAt = new Date().toISOString();
  destination.update((state) => {
    const watched = withWatcher(state, exportId, workflowId);
    return schedule ? withSchedule(watched, { ...schedule, askedAt }) : watched;
  });
}

function busy(destinationId: string, jobs: readonly Job[]): ExportError {
  const open = jobs.map(jobTitle).join(' and then ');
  return new ExportError(
    'DESTINATION_BUSY',
    `${open} of ${destinationId} have not ended, and no further one can be queued. To see what they wait for: ` +
      `temporal-mailchimp export list ${destinationId}`,
  );
}

type Requested = Pick<Job, 'kind' | 'options' | 'removal' | 'repair' | 'undo' | 'forget'>;

function isSameRequest(one: Requested, other: Requested): boolean {
  const parts = ['kind', 'options', 'removal', 'repair', 'undo', 'forget'] as const;
  return parts.every((part) => isSame(one[part], other[part]));
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

/**
 * Nothing leaves from now on: queued jobs are dropped, and the one that runs is cancelled, but for a removal: it takes people out, which needs no
 * consent. The state changes before the store is asked, which may
 * be away; a repeated request records what the first one could not.
 */
export async function withdrawConsent(
  destination: Destination,
  { withdrawnBy, reason }: WithdrawConsentRequest,
): Promise<void> {
  const { storeId } = requireConnected(destination);
  const { destinationId } = destination;
  const at = new Date().toISOString();
  const goesOn = jobsWithoutConsent(destination);
  destination.update((now) => {
    const state = withoutQueued(destinationId, now, (job) => !goesOn(job));
    return withoutConsent(state, { by: withdrawnBy, at, reason });
  });
  const { running } = destination;
  if (running && !goesOn(running.job)) running.cancel();
  const { consent } = destination.state;
  const { withdrawnBy: by = '', withdrawnAt = '', withdrawnReason } = consent ?? {};
  await storeChecks(storeId)['mailchimp.recordConsent'].executeWithOptions(RECORD_WITHDRAWAL, [
    {
      destinationId,
      statement: {
        event: 'withdrawn',
        by,
        at: withdrawnAt,
        ...(withdrawnReason !== undefined && { reason: withdrawnReason }),
      },
    },
  ]);
}

function takesOut({ removal, forget }: Job): boolean {
  return removal !== undefined || forget !== undefined;
}

/** @returns which jobs go on without a consent: they take people out */
function jobsWithoutConsent({ state, running }: Destination): (job: Job) => boolean {
  const jobs = [running?.job, ...state.queue].filter((job) => job !== undefined);
  // A history with a job that forgets is newer than the patch.
  if (jobs.some(({ forget }) => forget !== undefined)) return takesOut;
  const hasRemoval = jobs.some(({ removal }) => removal !== undefined);
  return hasRemoval && patched('temporal-mailchimp-removal-goes-on') ? takesOut : () => false;
}

/** A removal without a job cannot be held. @throws ExportError SECOND_PERSON_REQUIRED */
export function requireRemovable(destination: Destination): void {
  requireConnected(destination);
  const { destinationId, state } = destination;
  if (!needsSecondPerson({ approval: state.configuration?.approval })) return;
  throw new ExportError(
    'SECOND_PERSON_REQUIRED',
    `${destinationId} was not removed: another person has to approve that (approval.by: other). Start a removal, which is held: temporal-mailchimp destination remove ${destinationId}, or startRemoval of ExportClient with exported: 'keep'.`,
  );
}

export async function remove(destination: Destination, removedBy: string): Promise<void> {
  destination.update((now) => removed(destination.destinationId, now, removedBy));
  destination.running?.cancel();
  await condition(() => destination.isDiscarded);
}
