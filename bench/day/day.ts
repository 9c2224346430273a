import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import type { RefreshReport, RefreshedDestination } from '../../src/contract/refresh';
import { addressOf, type Destination, type Fleet, type Person } from './fleet';

const HOUR_MS = 3_600_000;
const PEOPLE = 5;

/** The source of a destination changes in one of so many hours: a different one for its neighbours. */
const CHANGES_EVERY = 4;

/** A schedule, as the configuration of a team may have it. */
interface DaySchedule {
  readonly name: string;
  readonly targets: { readonly labels: string[] } | { readonly destinations: string[] };
  readonly whenSourceChanged?: boolean;
}

export interface DayOptions {
  readonly hours: number;
  readonly schedules: readonly DaySchedule[];
  /** Called when the refreshes of an hour have been started; 0 is the first. */
  readonly onHour?: (hour: number) => unknown;
}

export interface Day {
  readonly refreshes: number;
  readonly exports: number;
  /** Of these, exports that had something to send. */
  readonly changed: number;
  readonly skipped: number;
  /** Requests with contacts that the sandbox has taken. */
  readonly writes: number;
  readonly seconds: number;
  /** What was exported twice, was missed, or is wrong in an audience. Empty: all is well. */
  readonly problems: readonly string[];
}

/**
 * Runs a day of hourly schedules by a fast clock: real schedules, whose hours of yesterday are filled in one after the other, each as soon as
 * the last one has ended. Sources change between the hours.
 * @returns what compares the day with what it must have brought
 */
export async function runDay(
  fleet: Fleet,
  { hours, schedules, onHour }: DayOptions,
): Promise<() => Promise<Day>> {
  const beganMs = Date.now();
  const tally = new Tally(fleet);
  const writesBefore = await writesOf(fleet);
  for (const { name, ...settings } of schedules)
    await fleet.exports.schedule.create(name, { ...settings, every: '1h' }, { isPaused: true });
  for (let hour = 0; hour < hours; hour++) {
    await changeSources(fleet, hour);
    const refreshes = schedules.map(async (schedule) =>
      tally.add(schedule, hour, await backfillHour(fleet, schedule.name, hour)),
    );
    await onHour?.(hour);
    await Promise.all(refreshes);
  }
  const seconds = (Date.now() - beganMs) / 1000;
  return async () => {
    await tally.compare(schedules, hours);
    const { refreshes, exports, changed, skipped, problems } = tally;
    const writes = (await writesOf(fleet)) - writesBefore;
    return { refreshes, exports, changed, skipped, writes, seconds, problems };
  };
}

async function writesOf({ sandbox }: Fleet): Promise<number> {
  return (await sandbox.counted()).rowWrites;
}

/** In the first hour, everything is new. */
function hasChangedIn(fleet: Fleet, destination: Destination, hour: number): boolean {
  return hour === 0 || (fleet.destinations.indexOf(destination) + hour) % CHANGES_EVERY === 0;
}

async function changeSources(fleet: Fleet, hour: number): Promise<void> {
  for (const destination of fleet.destinations)
    if (hasChangedIn(fleet, destination, hour)) await fleet.write(destination, peopleAt(hour));
}

/** One person differs from the last change. */
function peopleAt(hour: number): Person[] {
  return Array.from({ length: PEOPLE }, (_, id) => ({
    id,
    country: id === 0 ? `Country ${hour}` : 'Norway',
  }));
}

/** Has a schedule start its refresh of an hour of yesterday, and waits for its report. */
export async function backfillHour(fleet: Fleet, schedule: string, hour: number): Promise<RefreshReport> {
  const yesterdayMs = Math.floor(fleet.startedAtMs / HOUR_MS) * HOUR_MS - 25 * HOUR_MS;
  const at = new Date(yesterdayMs + hour * HOUR_MS).toISOString();
  await fleet.exports.schedule.backfill(schedule, { from: at, to: at });
  // As Temporal names the workflow that a schedule starts for a time.
  const workflowId = `mailchimp-refresh/${schedule}-${at.replace('.000Z', 'Z')}`;
  const handle = fleet.temporal.workflow.getHandle(workflowId);
  await untilStarted(handle);
  return (await handle.result()) as RefreshReport;
}

async function untilStarted(handle: WorkflowHandle): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    try {
      await handle.describe();
      return;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await delay(200);
    }
  }
  throw new Error(`${handle.workflowId} was not started within a minute`);
}

/** Compares what the refreshes report with what the day must have brought. */
class Tally {
  readonly problems: string[] = [];
  refreshes = 0;
  exports = 0;
  changed = 0;
  skipped = 0;
  readonly #fleet: Fleet;
  readonly #numbers = new Map<string, number>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  add(schedule: DaySchedule, hour: number, report: RefreshReport): void {
    this.refreshes += 1;
    const expected = this.#targetsOf(schedule);
    const lines = new Map(report.destinations.map((line) => [line.destinationId, line]));
    const names = expected.map(({ name }) => name);
    this.#expect(`${schedule.name}, hour ${hour}: destinations`, report.destinations.length, names.length);
    for (const destination of expected) {
      const line = lines.get(destination.name);
      const where = `${destination.name}, hour ${hour}`;
      if (!line) this.problems.push(`${where}: missed`);
      else this.#addLine({ where, line, isChanged: hasChangedIn(this.#fleet, destination, hour) }, schedule);
    }
  }

  #addLine(
    { where, line, isChanged }: { where: string; line: RefreshedDestination; isChanged: boolean },
    { whenSourceChanged }: DaySchedule,
  ): void {
    if (isChanged) this.#expect(where, line.result, 'exported');
    else if (whenSourceChanged)
      this.#expect(where, `${line.result} ${line.skipped}`, 'skipped source_unchanged');
    else this.#expect(where, line.result, 'unchanged');
    this.#expect(`${where}: joined`, line.hasJoined, undefined);
    if (line.number === undefined) {
      this.skipped += 1;
      return;
    }
    this.exports += 1;
    if (isChanged) this.changed += 1;
    // Each export has the next number: one more would be an export that no refresh knows, one less an export that was reported twice.
    const last = this.#numbers.get(line.destinationId) ?? 0;
    this.#expect(`${where}: number`, line.number, last + 1);
    this.#numbers.set(line.destinationId, line.number);
  }

  async compare(schedules: readonly DaySchedule[], hours: number): Promise<void> {
    for (const { name } of schedules) {
      const { started, skipped, missed } = (await this.#fleet.exports.schedule.show(name)).counts;
      this.#expect(`${name}: started, skipped, missed`, [started, skipped, missed].join(), `${hours},0,0`);
    }
    for (const destination of this.#fleet.destinations) {
      if (!this.#numbers.has(destination.name)) continue;
      await this.#compareAudience(destination, hours);
      const { exports, queued, running } = await this.#fleet.exports.describe(destination.name);
      this.#expect(
        `${destination.name}: last number`,
        exports[0]?.number,
        this.#numbers.get(destination.name),
      );
      this.#expect(`${destination.name}: open`, queued.length + (running ? 1 : 0), 0);
    }
  }

  async #compareAudience(destination: Destination, hours: number): Promise<void> {
    const hour = Array.from({ length: hours }, (_, index) => index).findLast((index) =>
      hasChangedIn(this.#fleet, destination, index),
    );
    const wanted = peopleAt(hour ?? 0).map((person) =>
      [addressOf(destination, person), 'subscribed', person.country, 'All'].join(' '),
    );
    const members = await this.#fleet.sandbox.members(destination.audienceId);
    const found = members.map(({ email, status, merge_fields: fields, tags }) =>
      [email, status, fields['COUNTRY'], tags.join(',')].join(' '),
    );
    this.#expect(`${destination.name}: audience`, found.toSorted().join('; '), wanted.toSorted().join('; '));
  }

  #targetsOf({ targets }: DaySchedule): Destination[] {
    return this.#fleet.destinations.filter(({ name, label }) =>
      'labels' in targets ? targets.labels.includes(label) : targets.destinations.includes(name),
    );
  }

  #expect(what: string, found: unknown, expected: unknown): void {
    if (found !== expected) this.problems.push(`${what}: ${String(found)} instead of ${String(expected)}`);
  }
}
