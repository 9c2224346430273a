import type { Client } from '@temporalio/client';
import { fullView, requireRequestSize } from '../contract/compact';
import type { ConfigureInput, ConnectInput, RemoveInput } from '../contract/destination';
import type { DestinationView, Stale } from '../contract/destination-view';
import { DESTINATION_ID_PREFIX, DestinationIdSchema, type ExportRef } from '../contract/identifiers';
import type { StartInput } from '../contract/job';
import type { JobKind } from '../contract/job-kind';
import { parse } from '../contract/parse';
import { configureUpdate, removeDestinationUpdate, startJobUpdate } from '../workflows/messages';
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

  constructor({ client, taskQueue = 'mailchimp' }: ExportClientOptions) {
    this.#requests = new Requests(client, taskQueue);
    this.schedule = new Schedules(this.#requests);
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
    return this.#requests.connect(destinationId, input);
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
   * @throws ExportError INPUT_INVALID, NOT_CONFIGURED, CONSENT_REQUIRED, DESTINATION_BUSY (another export is queued already)
   */
  async start(destinationId: string, input: StartInput = {}): Promise<StartedExportHandle> {
    return this.#startJob('export', destinationId, input);
  }

  /**
   * Starts a plan: the numbers of an export with the same options, which sends nothing. It is queued, joined and followed like an
   * export; its report has the status `planned`, and its outcomes are those that the export would have if Mailchimp acknowledged
   * everything. A plan is never held. Plans have numbers of their own, from 1.
   * @throws ExportError as `start`
   */
  async plan(destinationId: string, input: StartInput = {}): Promise<StartedExportHandle> {
    return this.#startJob('plan', destinationId, input);
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
   * no other destination are deleted. Contacts stay in the audience unchanged. A repeated call throws DESTINATION_REMOVED.
   */
  async remove(destinationId: string, input: RemoveInput): Promise<DestinationView> {
    return fullView(await this.#requests.updateDestination(destinationId, removeDestinationUpdate, input));
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
    const answers = await askAll(requests, listed);
    return listed.map(({ destinationId, name, audienceId, phase }) => ({
      destinationId,
      name,
      audienceId,
      phase,
      ...(answers.get(destinationId) ?? { open: null }),
    }));
  }

  async #startJob(kind: JobKind, destinationId: string, input: StartInput): Promise<StartedExportHandle> {
    const started = await this.#requests.updateDestination(destinationId, startJobUpdate, { ...input, kind });
    return new StartedDestinationExport(this.#requests, destinationId, started);
  }
}

type Listed = Omit<ListedDestination, 'open' | 'stale'>;

/**
 * Reads type and memo of the workflows, so that no custom search attribute is needed. Memos of another task queue may be encrypted with keys
 * that this client does not have.
 */
async function listDestinations({ client, taskQueue }: Requests): Promise<Listed[]> {
  const own = `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
  const query = `WorkflowType = 'mailchimpDestination' AND ExecutionStatus = 'Running' AND ${own}`;
  const found: Listed[] = [];
  for await (const { workflowId, memo } of client.workflow.list({ query })) {
    const text = (key: string) => (typeof memo?.[key] === 'string' ? memo[key] : '');
    // Its first connect has not succeeded, so it is no destination yet.
    if (text('name') === '') continue;
    found.push({
      destinationId: workflowId.slice(DESTINATION_ID_PREFIX.length),
      name: text('name'),
      audienceId: text('audience'),
      phase: text('state'),
    });
  }
  return found.toSorted((one, other) => one.destinationId.localeCompare(other.destinationId));
}
