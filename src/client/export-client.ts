import type { Client } from '@temporalio/client';
import { fullView, requireRequestSize } from '../contract/compact';
import type {
  ConfigureInput,
  ConnectInput,
  RemoveInput,
  StartRemovalInput,
  StartUndoInput,
  MoveStoreInput,
  WithdrawConsentInput,
} from '../contract/destination';
import type { DestinationView, Stale } from '../contract/destination-view';
import { DestinationIdSchema, type ExportRef } from '../contract/identifiers';
import type { JobRequestInput, PlanInput, StartInput, VerifyInput } from '../contract/job';
import type { Forget } from '../contract/forget';
import type { JobKind } from '../contract/job-kind';
import { parse } from '../contract/parse';
import type { Reason } from '../contract/reason';
import {
  configureUpdate,
  removeDestinationUpdate,
  startJobUpdate,
  moveStoreUpdate,
  withdrawConsentUpdate,
} from '../workflows/messages';
import { busyOf } from './busy';
import { listDestinations } from './destination-list';
import { askAll, withExportNow, type OpenExports } from './export-now';
import { DestinationExport, StartedDestinationExport } from './destination-export';
import type { ExportHandle, StartedExportHandle } from './export-handle';
import { Requests } from './requests';
import { Schedules } from './schedules';

/** How an ExportClient reaches Temporal. */
export interface ExportClientOptions {
  /** A connected client of @temporalio/client, for the namespace of the workers. It is not closed. */
  readonly client: Client;
  /** Task queue of the workers that run the plugin. @defaultValue `'mailchimp'` */
  readonly taskQueue?: string;
  /**
   * The workers set search attributes: `list` then asks only destinations for which it finds an open export, or that are stale. An export that
   * started in the last second may be missing. @defaultValue false
   */
  readonly searchAttributes?: boolean;
  /**
   * The person on whose behalf this client acts, as your application has authenticated it. Recorded as who asks, approves, denies, agrees, withdraws
   * or removes, in the place of the name in a request; make a client for each person. @defaultValue the names in the requests
   */
  readonly person?: string;
}

/** A destination in a list. */
export interface ListedDestination {
  readonly destinationId: string;
  /** Display name. */
  readonly name: string;
  readonly audienceId: string;
  /** `connecting`, `connected` or `configured`. */
  readonly phase: string;
  /** The exports that run and are queued, with their states; null: no worker on the task queue of this client answers for it. */
  readonly open: OpenExports | null;
  /** Undefined: it is not, or no worker answers. */
  readonly stale?: Stale;
  /** Why this client cannot read what Temporal keeps of it: then `name`, `audienceId` and `phase` are empty. Undefined: it can. */
  readonly unreadable?: Reason;
}

/**
 * Manages destinations and their exports from a web server or a script. Loads neither DuckDB nor the native worker.
 *
 * All methods except `list` and `handle` need a running worker. They throw an ExportError, whose code is WORKER_NOT_RUNNING,
 * TEMPORAL_UNREACHABLE, DESTINATION_NOT_FOUND, DESTINATION_REMOVED, or a code that the method names. WORKER_NOT_RUNNING means that no
 * worker accepted the request within 10 s, and it never takes effect; or that the accepted request had no result within 90 s, and it
 * can still take effect, as the message then says. Every method can be called again after an error; each says what a repeated call
 * does.
 *
 * @example
 * ```ts
 * import { Client, Connection } from '@temporalio/client';
 * import { CONSENT_TEXT, ExportClient } from 'temporal-mailchimp/client';
 *
 * // Lazy: the first request connects.
 * const connection = Connection.lazy({ address: '127.0.0.1:7233' });
 * const exportClient = new ExportClient({ client: new Client({ connection }) });
 *
 * await exportClient.connect('newsletter', {
 *   name: 'Newsletter',
 *   account: 'main',
 *   audienceId: '1a2b3c4d5e',
 *   source: 'shop',
 *   statusIfNew: 'subscribed',
 *   exportUser: 'ada@shop.example',
 *   consent: { agreedBy: 'Ada Lovelace', textVersion: CONSENT_TEXT.version },
 * });
 * await exportClient.configure('newsletter', { email: 'Email', segments: { vip: 'VIP' } });
 * const handle = await exportClient.start('newsletter', { trigger: 'checkout' });
 * const { outcomes } = await handle.result();
 * ```
 */
export class ExportClient {
  /** Schedules that export destinations again. */
  readonly schedule: Schedules;

  readonly #requests: Requests;
  readonly #searchAttributes: boolean;

  constructor({ client, taskQueue = 'mailchimp', searchAttributes = false, person }: ExportClientOptions) {
    this.#requests = new Requests(client, taskQueue, person);
    this.schedule = new Schedules(this.#requests);
    this.#searchAttributes = searchAttributes;
  }

  /**
   * Connects a destination to an audience of an account, with consent, or changes the settings of a connected one. The account, the
   * audience and the source are checked; no profiles are sent. A repeated call checks and stores the same settings again. Without
   * `consent`, the recorded one stays: that suffices for another display name, export user or name of the same account, and not for another
   * source or `statusIfNew`.
   * @param destinationId small letters, digits and hyphens; also part of the workflow id
   * @throws ExportError INPUT_INVALID, CONSENT_REQUIRED, ACCOUNT_MISMATCH, AUDIENCE_MISMATCH (the destination belongs to another account
   * or audience), ACCOUNT_NOT_FOUND, KEY_INVALID, AUDIENCE_NOT_FOUND, AUDIENCE_IN_USE, SOURCE_NOT_FOUND
   */
  async connect(destinationId: string, input: ConnectInput): Promise<DestinationView> {
    parse(DestinationIdSchema, destinationId, { what: `The name of the destination "${destinationId}"` });
    const { person } = this.#requests;
    const { consent } = input;
    return this.#requests.connect(
      destinationId,
      consent && person !== undefined ? { ...input, consent: { ...consent, agreedBy: person } } : input,
    );
  }

  /**
   * Matches attributes to merge fields and chooses segments; replaces the previous configuration. It is checked against the source and
   * the audience; no profiles are sent. A repeated call checks and stores the same configuration again.
   * @throws ExportError INPUT_INVALID, NOT_CONNECTED, EMAIL_NOT_MATCHED, ATTRIBUTE_NOT_FOUND, SEGMENT_NOT_FOUND, MERGE_FIELD_NOT_FOUND,
   * REQUIRED_FIELD_UNMATCHED, TAG_TAKEN, CONFIGURATION_TOO_LARGE
   */
  async configure(destinationId: string, input: ConfigureInput): Promise<DestinationView> {
    requireRequestSize(input);
    return fullView(await this.#requests.updateDestination(destinationId, configureUpdate, input));
  }

  /**
   * Starts an export and returns its handle immediately, before anything is read or sent. While another export runs, the new one is
   * queued behind it. A running or queued export with the same options and configuration is joined instead, so a repeated call does not
   * export twice.
   * @throws ExportError INPUT_INVALID, NOT_CONFIGURED, CONSENT_WITHDRAWN, DESTINATION_BUSY (another export is queued already),
   * SECOND_PERSON_REQUIRED (it needs `by`, since another person has to approve what is held)
   */
  async start(destinationId: string, input: StartInput = {}): Promise<StartedExportHandle> {
    return this.#startJob('export', destinationId, input);
  }

  /**
   * Starts a plan: the numbers of an export with the same options, which sends nothing. It is queued, joined and followed like an
   * export; its report has the status `planned`, and its outcomes are those that the export would have if Mailchimp acknowledged
   * everything. A plan is never held. Plans have numbers of their own, from 1. With a `proposal`, it is made with other settings, which are
   * checked and not stored; such a plan joins no other.
   * @throws ExportError as `start`, and with a proposal also as `configure`
   */
  async plan(destinationId: string, input: PlanInput = {}): Promise<StartedExportHandle> {
    return this.#startJob('plan', destinationId, input);
  }

  /**
   * Starts a verification: reads the audience, and compares it with what exports have left in it. Changes nothing at Mailchimp. It is queued,
   * joined and followed like an export; its report has the status `completed`, no outcomes, and what was found in `verification`. With
   * `repair`, the next export sends again the fields and tags that differ; never of contacts that were deleted or archived, or that have opted out.
   * Verifications have numbers of their own, from 1.
   * @throws ExportError as `start`, and EXPORT_NOT_FOUND where nothing was exported yet
   */
  async verify(destinationId: string, input: VerifyInput = {}): Promise<StartedExportHandle> {
    return this.#startJob('verify', destinationId, input);
  }

  /**
   * The handle of an export that exists, running, queued or ended: in another process, or in a later request of a web server. Sends
   * nothing: for an unknown export, the methods of the handle throw EXPORT_NOT_FOUND. A report may be passed as the reference.
   *
   * @example
   * ```ts
   * const handle = exportClient.handle({ destinationId: 'newsletter', exportId });
   * const progress = await handle.progress();
   * const report = progress ? undefined : await handle.report();
   * const status = progress?.state.kind ?? report?.status ?? 'queued';
   * ```
   */
  handle(ref: ExportRef): ExportHandle {
    return new DestinationExport(this.#requests, ref);
  }

  /**
   * Removes a destination: withdraws consent, cancels a running export, deletes staged rows, and takes it out of its schedules; those of
   * no other destination are deleted. Contacts stay in the audience unchanged, unless `exported` says otherwise. A repeated call throws
   * DESTINATION_REMOVED.
   *
   * With `exported: 'untag'` or `'archive'`, it starts a removal and waits for its end, which may take hours: see `startRemoval`. The view has
   * the phase `removed`, or another one where contacts did not get what was chosen: then a repeated call tries the rest again.
   * @throws ExportFailedError where the removal was denied, cancelled, or failed: the destination stays
   * @throws ExportError SECOND_PERSON_REQUIRED where another person has to approve it: use `startRemoval`, also with `exported: 'keep'`
   */
  async remove(destinationId: string, input: RemoveInput): Promise<DestinationView> {
    const { exported = 'keep', contacts } = input;
    const removedBy = this.#requests.person ?? input.removedBy;
    if (exported === 'keep')
      return fullView(
        await this.#requests.updateDestination(destinationId, removeDestinationUpdate, { removedBy }),
      );
    const handle = await this.startRemoval(destinationId, {
      removedBy,
      exported,
      ...(contacts !== undefined && { contacts }),
    });
    await handle.result();
    return this.#requests.state(destinationId);
  }

  /**
   * Starts an export of nothing, in which all contacts depart, and after which the destination is removed. A running export is cancelled, and so
   * are queued ones. It is followed like an export; it is held for approval if more than `contacts` contacts would lose their tags. The
   * destination stays where the removal is denied, cancelled or fails, or where a contact has no proof of its result. An equal removal that
   * runs is joined.
   * @throws ExportError INPUT_INVALID, NOT_CONNECTED, NOT_CONFIGURED, DESTINATION_REMOVED
   */
  async startRemoval(destinationId: string, input: StartRemovalInput): Promise<StartedExportHandle> {
    return this.#startRemoval('export', destinationId, input);
  }

  /**
   * Starts an export that takes back an earlier one, the latest or, once all later ones are taken back, the one before: contacts that it provably
   * created are archived, if they are subscribed or transactional and carry no tag of others when they are read; tags that it added are taken off, and
   * those that it took off are given back; fields get the values that the exports before it had sent. `remains` of its report counts what cannot be
   * taken back. It is followed like an export, and held for approval if more than `contacts` contacts would change. A repeated call for an
   * export that is taken back already changes nothing. The next export is held if it has anything to send.
   * @throws ExportError INPUT_INVALID, NOT_CONFIGURED, CONSENT_WITHDRAWN, DESTINATION_BUSY. Its report fails with UNDO_BLOCKED where a later export
   * was not taken back, and with UNDO_EXPIRED where rows that it needs are not kept any longer
   */
  async startUndo(destinationId: string, input: StartUndoInput): Promise<StartedExportHandle> {
    return this.#startUndo('export', destinationId, input);
  }

  /** A plan of an undo: what it would change, and in `remains` what it cannot take back. Sends nothing. @throws ExportError as `startUndo` */
  async planUndo(destinationId: string, input: StartUndoInput): Promise<StartedExportHandle> {
    return this.#startUndo('plan', destinationId, input);
  }

  /**
   * Starts a job that removes one person from the rows of the destination. The request lies in the store already, since nothing of a person
   * reaches Temporal: `person forget` of the command line leaves it there. It is queued behind a running export, and needs no consent.
   * @throws ExportError INPUT_INVALID, NOT_CONNECTED, NOT_CONFIGURED, DESTINATION_BUSY
   * @internal
   */
  async startForget(destinationId: string, { requestId }: Forget): Promise<StartedExportHandle> {
    const request = { kind: 'forget' as const, trigger: 'person forget', forget: { requestId } };
    return this.#started(destinationId, request);
  }

  /** A plan of a removal: its outcomes say how many contacts would be removed from our tags, and archived. Sends nothing. @throws ExportError as `startRemoval` */
  async planRemoval(destinationId: string, input: StartRemovalInput): Promise<StartedExportHandle> {
    return this.#startRemoval('plan', destinationId, input);
  }

  /**
   * Withdraws the consent and keeps the destination: the export that runs is cancelled, queued ones are dropped, and each further one is refused
   * with CONSENT_WITHDRAWN until `connect` gives consent again. Schedules skip it. Contacts stay in the audience, as do staged rows and the
   * baseline. The withdrawal takes effect before it is recorded in the store: after an error, a repeated call records it, and changes nothing else.
   * @throws ExportError INPUT_INVALID, NOT_CONNECTED
   */
  async withdrawConsent(destinationId: string, input: WithdrawConsentInput): Promise<DestinationView> {
    const { person } = this.#requests;
    return fullView(
      await this.#requests.updateDestination(destinationId, withdrawConsentUpdate, {
        ...input,
        ...(person !== undefined && { withdrawnBy: person }),
      }),
    );
  }

  /**
   * The destination goes on with a copy of its staging store, as `temporal-mailchimp store copy` does once the copy is complete: its next job runs where
   * workers have that store. Between jobs only. Checks nothing of the stores. A repeated call changes nothing.
   * @throws ExportError INPUT_INVALID, NOT_CONNECTED, DESTINATION_BUSY
   */
  async moveStore(destinationId: string, input: MoveStoreInput): Promise<DestinationView> {
    return fullView(await this.#requests.updateDestination(destinationId, moveStoreUpdate, input));
  }

  /**
   * The state of a destination: consent, connection, configuration, the export that runs with its state (`running`, for `handle`), the
   * queued ones, and the reports of its last ten exports, newest first.
   */
  async describe(destinationId: string): Promise<DestinationView> {
    const view = await this.#requests.state(destinationId);
    return withExportNow(view, (exportId) => this.#requests.progress({ destinationId, exportId }));
  }

  /**
   * All destinations of the task queue of this client that are not removed, by id. Needs no worker, except for the state of exports. Eventually consistent: a new one can
   * take a second to appear.
   */
  async list(): Promise<ListedDestination[]> {
    const requests = this.#requests;
    const listed = await requests.withoutWorker(() => listDestinations(requests));
    const busy = this.#searchAttributes
      ? await requests.withoutWorker(() => busyOf(requests, listed))
      : undefined;
    const answers = await askAll(requests, listed, busy);
    return listed.map(({ destinationId, name, audienceId, phase, unreadable }) => ({
      destinationId,
      name,
      audienceId,
      phase,
      ...(unreadable && { unreadable }),
      ...(answers.get(destinationId) ?? { open: null }),
    }));
  }

  async #startUndo(
    kind: JobKind,
    destinationId: string,
    { undoneBy, ...rest }: StartUndoInput,
  ): Promise<StartedExportHandle> {
    const undo = { ...rest, by: this.#requests.person ?? undoneBy };
    return this.#started(destinationId, { kind, trigger: 'undo', undo });
  }

  async #startRemoval(
    kind: JobKind,
    destinationId: string,
    { removedBy, ...rest }: StartRemovalInput,
  ): Promise<StartedExportHandle> {
    const removal = { ...rest, by: this.#requests.person ?? removedBy };
    return this.#started(destinationId, { kind, trigger: 'removal', removal });
  }

  async #startJob(
    kind: JobKind,
    destinationId: string,
    input: PlanInput | VerifyInput,
  ): Promise<StartedExportHandle> {
    const { person } = this.#requests;
    return this.#started(destinationId, { ...input, kind, ...(person !== undefined && { by: person }) });
  }

  async #started(destinationId: string, request: JobRequestInput): Promise<StartedExportHandle> {
    const started = await this.#requests.updateDestination(destinationId, startJobUpdate, request);
    return new StartedDestinationExport(this.#requests, destinationId, started);
  }
}
