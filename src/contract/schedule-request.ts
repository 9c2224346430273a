import type { ScheduleUpdateOptions } from '@temporalio/client';
import type { z } from 'zod';
import { temporalScheduleId } from './identifiers';
import {
  refreshInputOf,
  ScheduleRecordSchema,
  type Overlap,
  type ScheduleRecord,
  type ScheduleRequest,
} from './schedule';
import { madeUpUntil, scheduleSpec } from './schedule-spec';

const MINUTE_MS = 60_000;

const OVERLAP_POLICIES = {
  skip: 'SKIP',
  'buffer-one': 'BUFFER_ONE',
  allow: 'ALLOW_ALL',
} as const satisfies Record<Overlap, string>;

/** In the memo of the schedule, which no update changes: whose it is. */
export interface ScheduleOwner {
  readonly mailchimpRefresh: true;
  readonly taskQueue: string;
}

export function ownerMemo(taskQueue: string): Record<string, unknown> & ScheduleOwner {
  return { mailchimpRefresh: true, taskQueue };
}

/** @returns undefined for a schedule that this package did not make */
export function ownerOf(memo: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const taskQueue = memo?.['mailchimpRefresh'] === true ? memo['taskQueue'] : undefined;
  return typeof taskQueue === 'string' ? taskQueue : undefined;
}

/** The key in the memo of the action, which an update does change. The refreshes that it starts have it too. */
const RECORD = 'schedule';

/** What Temporal's schedule describes of the workflow that it starts. */
interface DescribedAction {
  readonly memo?: Readonly<Record<string, unknown>> | undefined;
}

/** @returns undefined for an action that a person has changed in Temporal */
export function recordOf({ memo }: DescribedAction): ScheduleRecord | undefined {
  return ScheduleRecordSchema.safeParse(memo?.[RECORD]).data;
}

export interface NewSchedule {
  readonly name: string;
  readonly taskQueue: string;
  readonly settings: ScheduleRequest;
  readonly isFromFile: boolean;
  /** One line, and Markdown, for the Web UI. */
  readonly words: { readonly staticSummary: string; readonly staticDetails: string };
}

type TemporalSchedule = Pick<ScheduleUpdateOptions, 'spec' | 'action'> &
  Required<Pick<ScheduleUpdateOptions, 'policies'>>;

/** Temporal's form of a schedule: for its creation, and for a change. */
export function temporalSchedule(
  { name, taskQueue, settings, isFromFile, words }: NewSchedule,
  now: number,
): TemporalSchedule {
  const record: z.input<typeof ScheduleRecordSchema> = {
    settings,
    isFromFile,
    madeUpUntil: madeUpUntil(now),
  };
  return {
    spec: scheduleSpec(settings, now),
    action: {
      type: 'startWorkflow',
      workflowType: 'mailchimpRefresh',
      workflowId: temporalScheduleId(name),
      taskQueue,
      args: [refreshInputOf(settings)],
      memo: { [RECORD]: record },
      ...words,
    },
    policies: {
      overlap: OVERLAP_POLICIES[settings.overlap],
      catchupWindow: settings.catchUpMinutes * MINUTE_MS,
      pauseOnFailure: settings.pauseOnFailure,
    },
  };
}
