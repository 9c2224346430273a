import { setTimeout as delay } from 'node:timers/promises';
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ServiceError,
  isGrpcServiceError,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
} from '@temporalio/client';
import { NameSchema, temporalScheduleId } from '../contract/identifiers';
import { whyNever } from '../contract/never-starts';
import { parse } from '../contract/parse';
import {
  areSameSettings,
  periodMs,
  ScheduleSettingsSchema,
  type ScheduleRecord,
  type ScheduleRequest,
  type ScheduleSettings,
} from '../contract/schedule';
import { ownerMemo, ownerOf, recordOf, temporalSchedule } from '../contract/schedule-request';
import type { ScheduleDetails, ScheduleView } from '../contract/schedule-view';
import { ExportError } from '../errors';
import { byIn, changedNote, scheduleNote, scheduleWords } from '../text/describe-schedule';
import { count } from '../text/format';
import { BACKFILL_OVERLAPS, BackfillSchema, backfillRange, type BackfillInput } from './backfill';
import { unknownIn } from './destination-list';
import type { Requests } from './requests';
import {
  scheduleExists,
  scheduleNotFound,
  scheduleOfOther,
  scheduleOfPerson,
  scheduleUnreadable,
} from './schedule-errors';
import { isoTime, listOwnSchedules, unreadableView, type ListedSchedule } from './schedule-list';
import { lastRuns } from './schedule-runs';

/** The gRPC status as a number: importing the enum would add gRPC as a dependency. */
const INVALID_ARGUMENT = 3;
/** gRPC: no answer in time. */
const DEADLINE_EXCEEDED = 4;
/** The server answers within milliseconds. */
const LOST_AFTER_MS = 2_000;
const MAX_TRIES = 4;
const NEXT_TIMES = 10;
/** Schedules that a list asks for at the same time. */
const ASKED_AT_ONCE = 8;
/** A backfill starts one refresh for each time of its range. */
const MOST_BACKFILLED = 100;
/** The server lists no more times of a range. */
const MOST_LISTED = 1000;
/** How long a trigger waits for the scheduler to act on it. */
const TRIGGER_MS = 5_000;
const POLL_MS = 100;

/** How a new schedule begins. */
export interface CreateScheduleOptions {
  /** @defaultValue false */
  readonly isPaused?: boolean;
  /** Who creates it, for the note of a paused one. */
  readonly by?: string;
}

/** Who asks, and why: Temporal keeps both as the note of the schedule. No addresses or secrets. */
export interface PauseScheduleInput {
  readonly by: string;
  readonly reason?: string;
}

/** What became of a trigger. `skipped`: a refresh of the schedule runs. `requested`: the scheduler has not acted on it within 5 s; it will. */
export type Triggered =
  { readonly result: 'started'; readonly workflowId: string } | { readonly result: 'skipped' | 'requested' };

/** What `sync` has done with one schedule. `none`: there is none, and none is wanted. `kept`: a person created it. */
export interface SyncedSchedule {
  readonly name: string;
  readonly result: 'created' | 'changed' | 'unchanged' | 'deleted' | 'none' | 'kept';
}

/**
 * Temporal Schedules that export destinations again: each starts the workflow `mailchimpRefresh`. A client manages those of its own task
 * queue. No method needs a worker; the refreshes do.
 *
 * Methods throw an ExportError with the code TEMPORAL_UNREACHABLE, SCHEDULE_NOT_FOUND, SCHEDULE_OWNER_MISMATCH, or one that the method
 * names.
 *
 * @example
 * ```ts
 * await exportClient.schedule.create('nightly', {
 *   targets: { all: true },
 *   daily: ['02:30'],
 *   timezone: 'Europe/Berlin',
 * });
 * const { next, runs } = await exportClient.schedule.show('nightly');
 * ```
 */
export class Schedules {
  readonly #requests: Requests;

  /** @hidden */
  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /**
   * Creates a schedule. A repeated call with the same settings changes nothing, also not whether it is paused.
   * @param name small letters, digits, hyphens and underscores
   * @throws ExportError INPUT_INVALID (also for a schedule that will never start, and for what Temporal refuses: a time zone that it does not know),
   * SCHEDULE_EXISTS (with other settings)
   */
  async create(
    name: string,
    settings: ScheduleSettings,
    options: CreateScheduleOptions = {},
  ): Promise<ScheduleView> {
    const parsed = parseSchedule(name, settings);
    if (!(await this.#create({ name, settings: parsed, isFromFile: false }, options))) {
      const record = recordOf((await this.#described(name)).action);
      if (!record || !areSameSettings(record.settings, parsed)) throw scheduleExists(name);
    }
    return this.#view(name);
  }

  /**
   * Replaces the settings of a schedule. It stays paused if it is. One that comes from a configuration file stays one, so `sync` makes it
   * match the file again. A refresh that runs goes on. A repeated call changes nothing.
   * @throws ExportError INPUT_INVALID (also for a schedule that will never start, and for one that was changed in Temporal)
   */
  async update(name: string, settings: ScheduleSettings): Promise<ScheduleView> {
    const parsed = parseSchedule(name, settings);
    const record = recordOf((await this.#described(name)).action);
    if (!record) throw scheduleUnreadable(name);
    if (!areSameSettings(record.settings, parsed)) await this.#change(name, record, parsed);
    return this.#view(name);
  }

  /**
   * All schedules of the task queue, by name. Eventually consistent: a new one can take a second to appear. One that this client cannot
   * decode hides no other: it is listed as `unreadable`.
   */
  async list(): Promise<ScheduleView[]> {
    const listed = await this.#requests.withoutWorker(() => listOwnSchedules(this.#requests));
    const views: ScheduleView[] = [];
    for (let first = 0; first < listed.length; first += ASKED_AT_ONCE) {
      const asked = listed.slice(first, first + ASKED_AT_ONCE).map((one) => this.#viewIfOurs(one));
      views.push(...(await Promise.all(asked)).filter((view) => view !== undefined));
    }
    return views;
  }

  /**
   * The names and the labels of `targets` that no destination of the task queue has now. `create` takes them: a refresh skips what is not
   * connected when it runs.
   */
  async unknownTargets(targets: ScheduleSettings['targets']): Promise<string[]> {
    return this.#requests.withoutWorker(() => unknownIn(this.#requests, targets));
  }

  /** The settings, the next times, and the last refreshes with their reports. */
  async show(name: string): Promise<ScheduleDetails> {
    const view = await this.#view(name);
    return {
      ...view,
      runs: await this.#requests.withoutWorker(() => lastRuns(this.#client, name)),
    };
  }

  /** Starts no refresh until `unpause`, except by `trigger` and `backfill`. A refresh that runs goes on. A repeated call changes the note. */
  async pause(name: string, input: PauseScheduleInput): Promise<ScheduleView> {
    return this.#ask(name, (handle, note) => handle.pause(note(noteOf('Paused', input))));
  }

  /** Times that have passed while it was paused are not made up. A repeated call changes the note. */
  async unpause(name: string, input: PauseScheduleInput): Promise<ScheduleView> {
    return this.#ask(name, (handle, note) => handle.unpause(note(noteOf('Unpaused', input))));
  }

  /** Starts a refresh now, also while the schedule is paused, but not while one of its refreshes runs. A repeated call starts another one, or is skipped. */
  async trigger(name: string): Promise<Triggered> {
    const before = (await this.#described(name)).info;
    await this.#send(name, (handle) => handle.trigger('SKIP'));
    const deadline = Date.now() + TRIGGER_MS;
    while (Date.now() < deadline) {
      const { info } = await this.#described(name);
      const last = info.recentActions.at(-1);
      if (info.numActionsTaken > before.numActionsTaken && last)
        return { result: 'started', workflowId: last.action.workflow.workflowId };
      if (info.numActionsSkippedOverlap > before.numActionsSkippedOverlap) return { result: 'skipped' };
      await delay(POLL_MS);
    }
    return { result: 'requested' };
  }

  /**
   * Starts a refresh for each time of the schedule in a range of the past, also while it is paused. A repeated call starts them again.
   * @returns the times
   * @throws ExportError INPUT_INVALID (also for more than 100 times)
   */
  async backfill(name: string, input: BackfillInput): Promise<{ readonly times: readonly string[] }> {
    const { overlap, ...given } = parse(BackfillSchema, input, { what: `The range for "${name}"` });
    const { spec } = await this.#described(name);
    const range = backfillRange(name, given, spec.timezone);
    const times = await this.#times(name, range);
    if (times.length > MOST_BACKFILLED) {
      const number = times.length < MOST_LISTED ? count(times.length) : `${count(MOST_LISTED)} or more`;
      throw new ExportError(
        'INPUT_INVALID',
        `The range has ${number} times of the schedule "${name}". Nothing was started. Choose a range with at most ${MOST_BACKFILLED}.`,
      );
    }
    if (times.length > 0)
      await this.#send(name, (handle) => handle.backfill({ ...range, overlap: BACKFILL_OVERLAPS[overlap] }));
    return { times };
  }

  /** Deletes the schedule. A refresh that runs goes on. A repeated call throws SCHEDULE_NOT_FOUND. */
  async delete(name: string): Promise<void> {
    await this.#described(name);
    await this.#send(name, (handle) => handle.delete());
  }

  /**
   * Makes the schedules of destinations match a configuration file: creates, changes and deletes those that come from a file. A changed
   * one stays paused. A repeated call changes nothing.
   * @param wanted by the name of the schedule; null: none
   * @throws ExportError INPUT_INVALID, SCHEDULE_EXISTS (a person created a schedule of that name)
   */
  async sync(wanted: Readonly<Record<string, ScheduleSettings | null>>): Promise<SyncedSchedule[]> {
    const parsed = Object.entries(wanted).map(
      ([name, settings]) => [name, settings && parseSchedule(name, settings)] as const,
    );
    const synced: SyncedSchedule[] = [];
    for (const [name, settings] of parsed) {
      synced.push({ name, result: settings ? await this.#replace(name, settings) : await this.#drop(name) });
    }
    return synced;
  }

  async #replace(name: string, settings: ScheduleRequest): Promise<SyncedSchedule['result']> {
    if (await this.#create({ name, settings, isFromFile: true })) return 'created';
    const record = recordOf((await this.#described(name)).action);
    if (!record?.isFromFile) throw scheduleOfPerson(name);
    if (areSameSettings(record.settings, settings)) return 'unchanged';
    await this.#change(name, record, settings);
    return 'changed';
  }

  /** The state stays, but for the words of its note. */
  async #change(
    name: string,
    { settings: before, isFromFile }: ScheduleRecord,
    settings: ScheduleRequest,
  ): Promise<void> {
    requireTimes(name, settings);
    const changed = this.#temporal({ name, settings, isFromFile });
    await this.#send(name, (handle) =>
      handle.update(({ state }) => ({
        ...changed,
        state: { ...state, note: changedNote(state.note, { before, after: settings }) },
      })),
    );
  }

  async #drop(name: string): Promise<SyncedSchedule['result']> {
    try {
      const record = recordOf((await this.#described(name)).action);
      if (!record?.isFromFile) return 'kept';
      await this.#send(name, (handle) => handle.delete());
      return 'deleted';
    } catch (error) {
      // None, or that of another team: either way, the destination has none of ours.
      if (error instanceof ExportError && error.code.startsWith('SCHEDULE_')) return 'none';
      throw error;
    }
  }

  /** @returns false: there is one of this name */
  async #create(
    schedule: { readonly name: string; readonly settings: ScheduleRequest; readonly isFromFile: boolean },
    { isPaused = false, by }: CreateScheduleOptions = {},
  ): Promise<boolean> {
    const note = by === undefined ? 'Created paused' : `Created paused by ${by}`;
    const { name, settings } = schedule;
    // One that exists may have ended since.
    if (whyNever(settings, Date.now()) !== undefined && (await this.#exists(name))) return false;
    requireTimes(name, settings);
    try {
      await this.#requests.withoutWorker(() =>
        this.#client.schedule.create({
          scheduleId: temporalScheduleId(schedule.name),
          ...this.#temporal(schedule),
          memo: ownerMemo(this.#requests.taskQueue),
          state: { paused: isPaused, note: scheduleNote(settings, isPaused ? note : null) },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ScheduleAlreadyRunning) return false;
      throw refusedByServer(error, schedule.name) ?? error;
    }
  }

  async #exists(name: string): Promise<boolean> {
    try {
      await this.#send(name, (handle) => handle.describe());
      return true;
    } catch (error) {
      if (error instanceof ExportError && error.code === 'SCHEDULE_NOT_FOUND') return false;
      throw error;
    }
  }

  #temporal(schedule: {
    readonly name: string;
    readonly settings: ScheduleRequest;
    readonly isFromFile: boolean;
  }) {
    const { name, settings } = schedule;
    const words = scheduleWords(name, settings);
    return temporalSchedule({ ...schedule, taskQueue: this.#requests.taskQueue, words }, Date.now());
  }

  /** @param send gets what makes the note of what a person does */
  async #ask(
    name: string,
    send: (handle: ScheduleHandle, note: (by: string) => string) => Promise<void>,
  ): Promise<ScheduleView> {
    const record = recordOf((await this.#described(name)).action);
    const note = (by: string) => (record ? scheduleNote(record.settings, by) : by);
    await this.#send(name, (handle) => send(handle, note));
    return this.#view(name);
  }

  async #send<Result>(name: string, send: (handle: ScheduleHandle) => Promise<Result>): Promise<Result> {
    // An id can be that of another's schedule only by its name.
    if (!NameSchema.safeParse(name).success) throw scheduleNotFound(name);
    const handle = this.#client.schedule.getHandle(temporalScheduleId(name));
    try {
      return await this.#requests.withoutWorker(() => send(handle));
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw scheduleNotFound(name);
      throw refusedByServer(error, name) ?? error;
    }
  }

  /** @throws ExportError SCHEDULE_NOT_FOUND, SCHEDULE_OWNER_MISMATCH */
  async #described(name: string): Promise<ScheduleDescription> {
    const description = await this.#send(name, (handle) => handle.describe());
    const owner = ownerOf(description.memo);
    if (owner !== this.#requests.taskQueue) throw scheduleOfOther(name, owner);
    return description;
  }

  async #view(name: string): Promise<ScheduleView> {
    const { action, state, info } = await this.#described(name);
    const record = recordOf(action);
    return {
      name,
      settings: record?.settings ?? null,
      isFromFile: record?.isFromFile ?? false,
      isPaused: state.paused,
      note: state.note ? byIn(state.note, record?.settings) : null,
      next: state.paused ? [] : await this.#next(name, info.nextActionTimes.at(-1), record?.settings.jitter),
      lastStartedAt: info.recentActions.at(-1)?.takenAt.toISOString() ?? null,
      counts: {
        started: info.numActionsTaken,
        skipped: info.numActionsSkippedOverlap,
        missed: info.numActionsMissedCatchupWindow,
      },
      createdAt: info.createdAt.toISOString(),
    };
  }

  /** Begins earlier by the jitter, which may delay a time that has passed. @param last of the next ten, as the server describes them */
  async #next(name: string, last: Date | undefined, jitter: string | undefined): Promise<string[]> {
    if (!last) return [];
    const now = new Date();
    const start = new Date(now.getTime() - (jitter === undefined ? 0 : periodMs(jitter)));
    const times = await this.#times(name, { start, end: last });
    return times.filter((time) => time > now.toISOString()).slice(0, NEXT_TIMES);
  }

  /** Undefined: deleted since it was listed, or of another task queue. */
  async #viewIfOurs({ name, unreadable }: ListedSchedule): Promise<ScheduleView | undefined> {
    try {
      return unreadable
        ? await this.#send(name, () => unreadableView(this.#requests, { name, unreadable }))
        : await this.#view(name);
    } catch (error) {
      if (error instanceof ExportError && error.code === 'SCHEDULE_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** The times of a range, both ends included, as the server has them, with jitter. */
  async #times(
    name: string,
    { start, end }: { readonly start: Date; readonly end: Date },
  ): Promise<string[]> {
    const ask = () =>
      this.#client.workflowService.listScheduleMatchingTimes({
        namespace: this.#client.options.namespace,
        scheduleId: temporalScheduleId(name),
        // The server excludes it here, and includes it in a backfill.
        startTime: timestamp(new Date(start.getTime() - 1)),
        endTime: timestamp(end),
      });
    const { startTime } = await this.#requests.withoutWorker(() => this.#askUntilAnswered(ask));
    return (startTime ?? []).map(isoTime);
  }

  /** The server asks a workflow of its own, and may lose the question while that workflow is changing. It answers the same question a moment later. */
  async #askUntilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#client.withDeadline(Date.now() + LOST_AFTER_MS, ask);
      } catch (error) {
        const isLost = isGrpcServiceError(error) && (error.code as number) === DEADLINE_EXCEEDED;
        if (!isLost || tries === MAX_TRIES) throw error;
      }
    }
  }

  get #client(): Client {
    return this.#requests.client;
  }
}

/** gRPC takes a number where the type wants a Long, whose package would be one more dependency. */
function timestamp(date: Date) {
  const seconds = Math.floor(date.getTime() / 1000) as unknown as never;
  return { seconds, nanos: (date.getTime() % 1000) * 1_000_000 };
}

function parseSchedule(name: string, settings: ScheduleSettings): ScheduleRequest {
  parse(NameSchema, name, { what: `The name of the schedule "${name}"` });
  return parse(ScheduleSettingsSchema, settings, { what: `The schedule "${name}"` });
}

/** @throws ExportError INPUT_INVALID for a schedule that will start nothing */
function requireTimes(name: string, settings: ScheduleRequest): void {
  const why = whyNever(settings, Date.now());
  if (why === undefined) return;
  throw new ExportError(
    'INPUT_INVALID',
    `The schedule "${name}" would never start a refresh: ${why}. Nothing was changed.`,
  );
}

function noteOf(what: string, { by, reason }: PauseScheduleInput): string {
  return `${what} by ${by}${reason ? `: ${reason}` : ''}`;
}

function isInvalid({ code }: { readonly code: number }): boolean {
  return code === INVALID_ARGUMENT;
}

/** The SDK throws a TypeError for a spec that the server refuses, and a gRPC error for anything else that it refuses. */
function refusedByServer(error: unknown, name: string): ExportError | undefined {
  const raw = error instanceof ServiceError ? error.cause : error;
  const isRefusal = isGrpcServiceError(raw) && isInvalid(raw);
  if (!isRefusal && !(error instanceof TypeError)) return undefined;
  const said = isRefusal ? raw.details : error instanceof TypeError ? error.message : '';
  return new ExportError('INPUT_INVALID', `Temporal refused the schedule "${name}": ${said}`, {
    cause: error,
  });
}
