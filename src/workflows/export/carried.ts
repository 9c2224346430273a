import type { ExportInput } from '../../contract/export';
import type { ExportPlan, Lane, PartPlan, SegmentTag } from '../../contract/plan';
import { handedOver } from './choose-lane';
import { newPart, type ExportRecord, type PartState, type Run } from './run';

/**
 * The record as continue-as-new hands it on. A million wide profiles are thousands of parts, and names take most of a payload: parts are
 * rows of numbers, and segments refer to those of the input by their position.
 */
export interface CarriedRecord extends Omit<ExportRecord, 'parts' | 'plan' | 'segments'> {
  readonly plan: Omit<ExportPlan, 'parts'> | null;
  readonly parts: readonly CarriedPart[];
  readonly segments: readonly CarriedSegment[];
}

/** `first` and `lane` are positions in KINDS and LANES; what follows is of a part that is done, or in flight. */
type CarriedPart = readonly [
  kind: number,
  lastChunk: number,
  rows: number,
  isCanary: 0 | 1,
  ...state: [] | [open: OpenPart] | [lane: number, submittedAtMs: number, ...done: number[]],
];

type OpenPart = Omit<PartState, 'plan'>;

/** Undefined: the name that is configured. */
type CarriedSegment = Omit<SegmentTag, 'segment' | 'tag'> & { readonly tag?: string };

const KINDS = ['upsert', 'untag', 'archive'] as const;
const LANES: readonly (Lane | null)[] = [null, 'batch', 'direct'];

/** The record for the next run, which starts the parts in flight once more. */
export function toCarried({ record, input }: Run): CarriedRecord {
  const { plan, lanes, parts } = record;
  return {
    ...record,
    lanes: lanes && handedOver(lanes, Date.now()),
    plan: plan && withoutParts(plan),
    parts: parts.map(toCarriedPart),
    segments: toCarriedSegments(record.segments, input),
  };
}

/** Also reads the record of a run of version 0.3.0, which handed it on as it was. */
export function toRecord(carried: CarriedRecord | ExportRecord, input: ExportInput): ExportRecord {
  if (!isCarried(carried)) return carried;
  const parts: PartState[] = [];
  for (const part of carried.parts) parts.push(toPart(part, parts));
  return {
    ...carried,
    plan: carried.plan && { ...carried.plan, parts: parts.map(({ plan }) => plan) },
    parts,
    segments: carried.segments.map((segment, index) => toSegment(segment, input, index)),
  };
}

function isCarried(record: CarriedRecord | ExportRecord): record is CarriedRecord {
  return record.plan === null || !('parts' in record.plan);
}

function withoutParts(plan: ExportPlan): Omit<ExportPlan, 'parts'> {
  const { parts: _, ...rest } = plan;
  return rest;
}

function toCarriedPart({ plan, ...state }: PartState): CarriedPart {
  const { lane, batchId, submittedAtMs, done } = state;
  const planned = [KINDS.indexOf(plan.kind), plan.lastChunk, plan.rows, plan.canary ? 1 : 0] as const;
  if (done) {
    const { acknowledged, refused, unproven } = done;
    return [...planned, LANES.indexOf(lane), submittedAtMs, acknowledged, refused, unproven];
  }
  return lane === null && batchId === null ? planned : [...planned, state];
}

/** Chunks have no gaps: a part begins after the one before. */
function toPart(
  [kind, lastChunk, rows, isCanary, ...state]: CarriedPart,
  before: readonly PartState[],
): PartState {
  const plan: PartPlan = {
    part: before.length,
    kind: KINDS[kind] ?? 'upsert',
    firstChunk: (before.at(-1)?.plan.lastChunk ?? -1) + 1,
    lastChunk,
    rows,
    canary: isCanary === 1,
  };
  const [first, submittedAtMs, acknowledged = 0, refused = 0, unproven = 0] = state;
  if (first === undefined) return newPart(plan);
  if (typeof first === 'object') return { ...first, plan };
  const done = { acknowledged, refused, unproven };
  return { ...newPart(plan), lane: LANES[first] ?? null, submittedAtMs: submittedAtMs ?? 0, done };
}

function toCarriedSegments(
  segments: readonly SegmentTag[],
  { configuration }: ExportInput,
): CarriedSegment[] {
  return segments.map((segment, index) => {
    const { segment: _, tag, ...rest } = segment;
    return tag === configuration.segments[index]?.tag ? rest : { ...rest, tag };
  });
}

function toSegment(
  { tag, ...rest }: CarriedSegment,
  { configuration }: ExportInput,
  index: number,
): SegmentTag {
  const { segment = '', tag: configured = '' } = configuration.segments[index] ?? {};
  return { segment, tag: tag ?? configured, ...rest };
}
