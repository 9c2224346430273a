import type { z } from 'zod';
import type { ExportClient } from '../../client';
import type { Config } from '../../config/config';
import { whyNever } from '../../contract/never-starts';
import { DestinationScheduleSchema } from '../../contract/schedule';
import type { ScheduleView } from '../../contract/schedule-view';
import { ExportError, isExportErrorCode } from '../../errors';
import { describeTimes } from '../../text/describe-schedule';

/** The settings of a destination's schedule, as the configuration file has them. */
export type EditedSchedule = z.output<typeof DestinationScheduleSchema>;

/** The schedule with the name of a destination. */
export interface OwnSchedule {
  /** Undefined: there is none, or not one that can be edited here. */
  readonly settings: EditedSchedule | undefined;
  /** Why the one that there is cannot be edited here. */
  readonly locked?: string;
}

export async function ownSchedule(client: ExportClient, destinationId: string): Promise<OwnSchedule> {
  const view = await viewOf(client, destinationId);
  if (typeof view === 'string') return { settings: undefined, locked: view };
  if (!view) return { settings: undefined };
  if (!view.settings) return { settings: undefined, locked: 'it was changed in Temporal' };
  const { targets, ...settings } = view.settings;
  const isOwn = JSON.stringify(targets) === JSON.stringify(targetsOf(destinationId).targets);
  return isOwn
    ? { settings: DestinationScheduleSchema.parse(settings) }
    : { settings: undefined, locked: 'it refreshes others too' };
}

const targetsOf = (destinationId: string) => ({ targets: { destinations: [destinationId] } });

/** @returns a text: why it cannot be read */
async function viewOf(
  client: ExportClient,
  destinationId: string,
): Promise<ScheduleView | string | undefined> {
  try {
    return await client.schedule.show(destinationId);
  } catch (error) {
    const code = error instanceof ExportError && isExportErrorCode(error.code) ? error.code : undefined;
    if (code === 'SCHEDULE_NOT_FOUND') return undefined;
    if (code === 'SCHEDULE_OWNER_MISMATCH') return 'it is of another task queue, or of another program';
    throw error;
  }
}

/** Before anything is saved. @throws ExportError INPUT_INVALID */
export function requireEditable(
  destinationId: string,
  { locked }: OwnSchedule,
  next: EditedSchedule | undefined,
): void {
  if (!next) return;
  const show = `temporal-mailchimp schedule show ${destinationId}`;
  if (locked !== undefined) {
    throw new ExportError(
      'INPUT_INVALID',
      `The schedule "${destinationId}" cannot be changed as one of this destination: ${locked}. Nothing was changed. See it: ${show}`,
    );
  }
  const never = whyNever(next, Date.now());
  if (never === undefined) return;
  throw new ExportError(
    'INPUT_INVALID',
    `The schedule would never export "${destinationId}": ${never}. Nothing was changed.`,
  );
}

interface Change {
  readonly now: EditedSchedule | undefined;
  readonly next: EditedSchedule | undefined;
}

/** What a change of the schedule means, for the person who agrees to it. */
export function describeScheduleChange({ now, next }: Change): string {
  if (!next)
    return `It is exported only when a person or a program asks for it, no longer ${now ? describeTimes(now) : 'by a schedule'}.`;
  const instead = now ? `, until now ${describeTimes(now)}` : '';
  return `It is exported ${describeTimes(next)}${instead}. The change starts no export.`;
}

/**
 * Makes the schedule match. One of a configuration file stays one, so `schedule sync` makes it match the file again.
 * @throws ExportError as the methods of `client.schedule`
 */
export async function saveSchedule(
  client: ExportClient,
  destinationId: string,
  { now, next, config }: Change & { readonly config: Config | undefined },
): Promise<void> {
  if (!next) return client.schedule.delete(destinationId);
  const settings = { ...next, ...targetsOf(destinationId) };
  if (now) await client.schedule.update(destinationId, settings);
  // What the file will make later has to be its own.
  else if (inFile(config, destinationId)) await client.schedule.sync({ [destinationId]: settings });
  else await client.schedule.create(destinationId, settings);
}

/** Whether the file would make another schedule of it. */
export function fileHasOther(
  config: Config | undefined,
  destinationId: string,
  schedule: EditedSchedule | undefined,
): boolean {
  if (!config || !Object.hasOwn(config.destinations, destinationId)) return false;
  return JSON.stringify(inFile(config, destinationId)) !== JSON.stringify(schedule);
}

function inFile(config: Config | undefined, destinationId: string): EditedSchedule | undefined {
  return config && Object.hasOwn(config.destinations, destinationId)
    ? config.destinations[destinationId]?.schedule
    : undefined;
}
