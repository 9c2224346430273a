import type { Batch } from '../batches/batch';
import type { Audience, AudienceState } from '../model/audience';
import type { MemberExtra, MemberStatus, MergeValue } from '../model/member';
import { z } from 'zod';
import { MEMBER_STATUSES } from '../model/member';
import { MERGE_FIELD_TYPES } from '../model/merge-field';

/** Another number: a sandbox refuses the file instead of reading it wrongly. */
export const FORMAT = 1;

const count = z.int().nonnegative();

const audienceSchema = z.object({
  profile: z.object({
    id: z.string(),
    name: z.string(),
    webId: count,
    doubleOptin: z.boolean(),
    emailTypeOption: z.boolean(),
    marketingPermissions: z.boolean(),
    createdAt: z.number(),
  }),
  mergeFields: z.array(
    z.object({
      mergeId: count,
      slot: count,
      tag: z.string(),
      type: z.enum(MERGE_FIELD_TYPES),
      name: z.string(),
      required: z.boolean(),
      defaultValue: z.string(),
      public: z.boolean(),
      displayOrder: z.number(),
      helpText: z.string(),
      options: z.record(z.string(), z.unknown()),
    }),
  ),
  interestCategories: z
    .array(
      z.object({
        id: z.string(),
        title: z.string(),
        type: z.string(),
        interests: z.array(z.object({ id: z.string(), name: z.string() })),
      }),
    )
    .optional(),
  segments: z.array(
    z.object({
      id: count,
      name: z.string(),
      type: z.enum(['static', 'saved']),
      createdAt: z.number(),
      updatedAt: z.number(),
      options: z.unknown().optional(),
    }),
  ),
  forgotten: z.array(z.string()),
  throttled: z.array(z.tuple([z.string(), z.number()])),
  positions: count,
  nextSegmentId: count,
  nextMergeSlot: count,
});

const batchSchema = z.object({
  id: z.string().regex(/^[0-9a-f]+$/),
  submittedAt: z.number(),
  isFinished: z.boolean(),
  total: count,
  finished: count,
  errored: count,
  completedAt: z.number(),
  hasArchive: z.boolean(),
});
export type BatchRecord = z.infer<typeof batchSchema>;

export interface MemberRecord {
  /** Audience id. */
  readonly in: string;
  /** Position in the audience. */
  readonly member: number;
  readonly email: string;
  readonly status: MemberStatus;
  readonly locked?: true;
  readonly plainText?: true;
  readonly values: readonly (MergeValue | null)[];
  readonly tags: readonly number[];
  readonly lastChanged: number;
  readonly addedAt: number;
  /** Missing in files of version 0.3.0. */
  readonly optedInAt?: number;
  readonly extra?: MemberExtra;
}

/** The place of a member that was deleted permanently. */
export type GoneRecord = Pick<MemberRecord, 'in' | 'member'> & { readonly gone: true };

/** One line of the file. The last line about a thing counts. */
export type KeptRecord =
  | { readonly format: number }
  | { readonly audience: AudienceState }
  | MemberRecord
  | GoneRecord
  | { readonly batch: BatchRecord }
  | { readonly batchGone: string }
  | { readonly audienceGone: string };

export function memberRecord(audience: Audience, position: number): MemberRecord | GoneRecord {
  const place = { in: audience.profile.id, member: position };
  const member = audience.at(position);
  if (!member) return { ...place, gone: true };
  const { email, status, values, tags, lastChanged, addedAt, optedInAt, extra } = member;
  return {
    ...place,
    email,
    status,
    ...(member.locked && { locked: true }),
    ...(member.plainText && { plainText: true }),
    // `from` also visits slots without a value.
    values: Array.from(values, (value) => value ?? null),
    tags: tags.ids,
    lastChanged,
    addedAt,
    optedInAt,
    ...(extra && { extra }),
  };
}

export function batchRecord(batch: Batch): BatchRecord {
  const { id, submittedAt, state, total, finished, errored, completedAt, archive } = batch;
  const isFinished = state === 'finished';
  return { id, submittedAt, isFinished, total, finished, errored, completedAt, hasArchive: archive !== '' };
}

/** @returns undefined where the text is no record */
export function parseRecord(line: string): KeptRecord | undefined {
  let given: unknown;
  try {
    given = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof given !== 'object' || given === null) return undefined;
  // By hand: there may be a million of these.
  if ('member' in given) return isMember(given) ? given : undefined;
  const parsed = OTHERS.safeParse(given);
  return parsed.success ? (parsed.data as KeptRecord) : undefined;
}

const OTHERS = z.union([
  z.object({ audience: audienceSchema }),
  z.object({ batch: batchSchema }),
  z.object({ batchGone: z.string() }),
  z.object({ audienceGone: z.string() }),
  z.object({ format: z.number() }),
]);

function isMember(given: object): given is MemberRecord | GoneRecord {
  const { in: audience, member, email, status, values, tags } = given as Partial<MemberRecord>;
  if (typeof audience !== 'string' || !Number.isSafeInteger(member)) return false;
  if ('gone' in given) return true;
  return (
    typeof email === 'string' &&
    MEMBER_STATUSES.includes(status as MemberStatus) &&
    Array.isArray(values) &&
    Array.isArray(tags)
  );
}
