import { describe, expect, test } from '@jest/globals';
import { abridgedSettlement, abridgedPlan } from '../../src/contract/abridged';
import {
  bytesOf,
  compactConfiguration,
  compactInput,
  fullConfiguration,
  MAX_CONFIGURATION_BYTES,
  MAX_FIELDS,
  MAX_GROUPS,
  MAX_PAYLOAD_BYTES,
  MAX_SEGMENTS,
  requireRequestSize,
  requireSize,
} from '../../src/contract/compact';
import type { Configuration } from '../../src/contract/destination';
import { groupField } from '../../src/contract/merge-field';
import type { PartPlan } from '../../src/contract/plan';
import type { ExportReport } from '../../src/contract/report';
import {
  closedTimeline,
  NEW_TIMELINE,
  TIMELINE_STATES,
  withSeen,
  type OpenTimeline,
} from '../../src/contract/timeline';
import { bounded } from '../../src/activities/rules/guards';
import { noticeOfEnd, withDelivery, withNotice } from '../../src/workflows/destination/alerts';
import { exportJob } from '../../src/workflows/destination/jobs/export';
import {
  fromProposed,
  requireRoom,
  toProposed,
  type Proposed,
} from '../../src/workflows/destination/proposed';
import {
  toCarried as toCarriedState,
  toDestinationView,
  toState,
  withAnswer,
  type DestinationState,
} from '../../src/workflows/destination/state';
import { toCarried, toRecord } from '../../src/workflows/export/carried';
import { newPart, type ExportRecord, type Run } from '../../src/workflows/export/run';
import { DESTINATION, INPUT, PLAN, report } from './samples';

const pad = (prefix: string, number: number, length: number) => `${prefix}${number}`.padEnd(length, 'x');

/** Ids as Customer Insights has them, names of 100 characters, and text fields: as large as a configuration can be. */
const LARGEST: Configuration = {
  ...INPUT.configuration,
  fields: Array.from({ length: MAX_FIELDS }, (_, index) => ({
    attribute: pad('Attribute', index, 20),
    field: { tag: pad('F', index, 4), name: pad('N', index, 20), type: 'text', required: false, choices: [] },
  })),
  segments: Array.from({ length: MAX_SEGMENTS }, (_, index) => {
    const tag = pad(`Segment`, index, 100);
    return { segment: pad('0', index, 30), tag, tagId: 9_000_000 + index, knownAs: tag };
  }),
  guards: { removalShare: 0.2, newContacts: 1_000_000, contactLimit: 10_000_000 },
};

const NUMBERS = {
  profiles: 1_000_000,
  tagged: 1_000_000,
  untagged: 1_000_000,
  failed: 1_000_000,
  notSent: 1_000_000,
};

/** A day of an export of a million rows, seen more often than a timeline has points. */
const TIMELINE = Array.from({ length: 400 }, (_, index) => index + 1).reduce<OpenTimeline>(
  (timeline, index) =>
    withSeen(timeline, {
      ms: index * 216_000,
      changes: index * 2_500,
      state: TIMELINE_STATES[index % TIMELINE_STATES.length]!,
    }),
  NEW_TIMELINE,
);

function largestReport(number: number): ExportReport {
  const guards = LARGEST.segments.map(({ segment }) => ({
    code: 'MASS_REMOVAL' as const,
    message: `More than 200,000 of the 1,000,000 contacts exported so far left the segment "${segment}"`,
    number: 1_000_000,
    limit: 200_000,
    segment,
  }));
  const whole = report({
    number,
    segments: LARGEST.segments.map(({ segment, tag, tagId }) => ({ segment, tagId, name: tag, ...NUMBERS })),
    warnings: LARGEST.fields.flatMap(({ attribute, field }) =>
      (['cut', 'omitted'] as const).map((kind) => ({ attribute, field: field.tag, kind, count: 1_000_000 })),
    ),
    refusals: Array.from({ length: 21 }, (_, place) => ({
      outcome: 'rejected' as const,
      class: 'other' as const,
      text: pad('Text', place, 200),
      count: 1_000_000,
    })),
  });
  const settled = abridgedSettlement(whole);
  const numbers = bounded(guards).map(({ code, segment = '' }) => ({ code, segment, number: 1_000_000 }));
  const approval = { planId: 'p', by: pad('A', 1, 200), at: '2026-11-23T18:05:00.000Z', numbers };
  const timeline = closedTimeline(TIMELINE, 86_500_000);
  return { ...whole, ...settled, guards: bounded(guards), approval, timeline };
}

/** As many parts as a million profiles with 80 full fields become. */
const PARTS: readonly PartPlan[] = Array.from({ length: 2_600 }, (_, part) => ({
  part,
  kind: part < 2_500 ? 'upsert' : 'untag',
  firstChunk: part,
  lastChunk: part,
  rows: 400,
  canary: part === 0,
}));

function largestState(): DestinationState {
  let made: DestinationState = { ...DESTINATION, configuration: LARGEST };
  const job = DESTINATION.unsettled!;
  for (let number = 1; number <= 12; number++) {
    const input = { ...INPUT, configuration: LARGEST };
    made = exportJob.withReport(made, { job, input, report: largestReport(number) });
  }
  made = {
    ...made,
    baseline: { ...made.baseline!, version: 'f'.repeat(32) },
    configuredAt: made.completedAt!,
  };
  const started = {
    exportId: INPUT.ref.exportId,
    number: 1,
    workflowId: `mailchimp/${'d'.repeat(63)}/export`,
    firstExecutionRunId: INPUT.ref.exportId,
    disposition: 'started',
  } as const;
  for (let number = 0; number < 120; number++) made = withAnswer(made, pad('r', number, 100), started);
  const notice = noticeOfEnd('d'.repeat(63), made, largestReport(13))!;
  const labels = Array.from({ length: 20 }, (_, number) => pad('l', number, 63));
  const failure = { code: 'ALERT_NOT_DELIVERED', message: 'm'.repeat(300) } as const;
  for (let number = 0; number < 30; number++) {
    made = withNotice(made, { ...notice, labels, name: 'n'.repeat(100) });
    made = withDelivery(made, { receiver: pad('r', number, 63), event: 'rejects', at: notice.at, failure });
  }
  return made;
}

const sql = (index: number) => pad(`'${index}' || `, index, 500);

describe('at the largest configuration', () => {
  test('a configuration of the limits is accepted, and is as large as one may be', () => {
    requireSize(LARGEST);
    const bytes = bytesOf(compactConfiguration(LARGEST));
    expect(bytes).toBeGreaterThan(MAX_CONFIGURATION_BYTES * 0.95);
    expect(bytes).toBeLessThanOrEqual(MAX_CONFIGURATION_BYTES);
  });

  test('the state of a destination with ten reports and a hundred answers stays below a quarter of 2 MB, as does its view', () => {
    const largest = largestState();
    expect(largest.exports).toHaveLength(10);
    // The store has the others.
    expect(largest.exports.map(({ timeline }) => timeline?.points.length ?? 0)).toEqual([
      200,
      ...Array(9).fill(0),
    ]);
    expect(largest.answers).toHaveLength(100);
    expect(bytesOf(toCarriedState(largest))).toBeLessThan(MAX_PAYLOAD_BYTES);
    expect(bytesOf(toDestinationView('d', largest))).toBeLessThan(MAX_PAYLOAD_BYTES);
    expect(toState(toCarriedState(largest))).toEqual(largest);
  });

  test('so does the state with two queued plans that propose other settings; what would not fit is refused', () => {
    const largest = largestState();
    const renamed = (tags: number) => ({
      ...LARGEST,
      segments: LARGEST.segments.map((one, index) =>
        index < tags ? { ...one, tag: pad('Other', index, 100) } : one,
      ),
    });
    // Most of what is left beside the settings.
    const tags = Math.floor((0.8 * (370_000 - bytesOf(compactConfiguration(LARGEST)))) / 270);
    const proposed = toProposed(renamed(tags), LARGEST);
    expect(proposed).toMatchObject({ changed: {}, segments: { length: tags }, dropped: [] });
    expect(fromProposed(proposed, LARGEST)).toEqual(renamed(tags));
    requireRoom(LARGEST, [], proposed);
    expect(() => requireRoom(LARGEST, [proposed], proposed)).toThrow(/at most 370000 are possible. Repeat/);
    expect(() => requireRoom(LARGEST, [], toProposed(renamed(2_000), LARGEST))).toThrow(/--no-plan/);
    const job = { ...largest.unsettled!, kind: 'plan' as const, proposed };
    expect(bytesOf(toCarriedState({ ...largest, unsettled: null, queue: [job] }))).toBeLessThan(
      MAX_PAYLOAD_BYTES,
    );
    // Half of the segments: two proposals have room, and as much of the rest as two may have beside any settings.
    const half = { ...LARGEST, segments: LARGEST.segments.slice(0, 800) };
    const both = [100, 101].map((count) =>
      toProposed({ ...half, segments: renamed(count).segments.slice(0, 800) }, half),
    );
    expect(() => requireRoom(half, both.slice(1), both[0])).not.toThrow();
    expect(() => requireRoom({ ...half, segments: LARGEST.segments }, both)).toThrow(/open plans propose/);
  });

  test('so does a configuration of the most fields and groups, each computed by the longest SQL', () => {
    const matched = Array.from({ length: MAX_FIELDS + MAX_GROUPS }, (_, index) => ({
      attribute: sql(index),
      field:
        index < MAX_FIELDS
          ? { ...LARGEST.fields[0]!.field, tag: pad('F', index, 10) }
          : groupField({ id: pad('0', index, 10), name: pad('Category/', index, 100) }),
      empty: 'clear' as const,
    }));
    const expressions = matched.map(({ attribute }) => ({
      sql: attribute,
      reads: [pad('Attribute', 1, 20)],
    }));
    const configuration = {
      ...LARGEST,
      fields: matched,
      segments: LARGEST.segments.slice(0, 500),
      expressions,
    };
    requireSize(configuration);
    expect(bytesOf(compactInput({ ...INPUT, configuration }))).toBeLessThan(MAX_PAYLOAD_BYTES);
  });

  test('so do the report of an export, and its plan', () => {
    expect(bytesOf(largestReport(1))).toBeLessThan(MAX_PAYLOAD_BYTES);
    const segments = LARGEST.segments.map(({ segment, tag }) => ({
      segment,
      tag,
      profiles: 1_000_000,
      toTag: 1_000_000,
      toUntag: 1_000_000,
    }));
    const plan = abridgedPlan({ ...PLAN, segments, parts: PARTS });
    expect(plan).toMatchObject({ segments: { length: 60 }, omittedSegments: MAX_SEGMENTS - 60 });
    expect(bytesOf(plan)).toBeLessThan(MAX_PAYLOAD_BYTES);
  });

  test('so does what an export hands to its next run, which has all of it', () => {
    const input = { ...INPUT, configuration: LARGEST };
    const record = recordOf(LARGEST);
    const carried = toCarried({ input, record } as unknown as Run);
    expect(bytesOf(compactInput(input)) + bytesOf(carried)).toBeLessThan(MAX_PAYLOAD_BYTES);
    expect(toRecord(carried, input)).toEqual(record);
    // Of version 0.3.0.
    expect(toRecord(record, input)).toBe(record);
  });
});

function recordOf({ fields, segments }: Configuration): ExportRecord {
  const batch = { batchId: 'abcdef1234', status: 'started' as const, total: 50, finished: 12 };
  const inFlight = {
    lane: 'batch',
    batchId: batch.batchId,
    batch,
    submittedAtMs: 1,
    progressAtMs: 2,
  } as const;
  return {
    phase: 'delivering',
    startedAtMs: 1_795_000_000_000,
    deliveringSinceMs: 1_795_000_000_000,
    isPaused: false,
    requests: 10_000,
    batches: 2_500,
    lookups: 1_000,
    lanes: null,
    baseline: INPUT.ref.exportId,
    longestRequestMs: 130_000,
    fields,
    segments: segments.map(({ segment, tag, tagId }, index) =>
      index % 100 === 0 ? { segment, tag: `${tag}!`, tagId, isRenamed: true } : { segment, tag, tagId },
    ),
    plan: { ...PLAN, parts: PARTS },
    guards: [],
    approval: null,
    timeline: TIMELINE,
    parts: PARTS.map((plan, index) => {
      if (index < 2_500) {
        const done = { acknowledged: 399, refused: 1, unproven: 0 };
        return { ...newPart(plan), lane: 'batch', submittedAtMs: 1_795_000_000_000 + index, done };
      }
      return index < 2_506 ? { ...newPart(plan), ...inFlight } : newPart(plan);
    }),
  };
}

test('a compact configuration says the same, also in the form of version 0.3.0', () => {
  const { configuration } = INPUT;
  const segments = [
    { segment: 'VIP', tag: 'VIP', tagId: null, knownAs: null },
    { segment: 'VIP', tag: 'VIP', tagId: 7, knownAs: 'VIP' },
    { segment: 'vip', tag: 'Gold', tagId: 7, knownAs: 'VIP', isAdopted: true },
    { segment: 'vip', tag: 'Gold', tagId: 7, knownAs: null },
    { segment: 'vip', tag: 'Gold', tagId: null, knownAs: 'Old' },
  ];
  const whole = { ...configuration, segments };
  expect(fullConfiguration(compactConfiguration(whole))).toEqual(whole);
  expect(fullConfiguration(JSON.parse(JSON.stringify(whole)) as Configuration)).toEqual(whole);
});

const segments = (count: number, length: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [pad('s', index, length), null]));
const refused = (request: Parameters<typeof requireRequestSize>[0]) => {
  try {
    requireRequestSize(request);
  } catch (error) {
    return error;
  }
  return undefined;
};

test('a configuration beyond the limits is refused with its numbers', () => {
  const groups = Object.fromEntries(Array.from({ length: MAX_GROUPS + 1 }, (_, index) => [index, 'a']));
  expect(refused({ segments: {}, groups })).toMatchObject({
    code: 'CONFIGURATION_TOO_LARGE',
    message: expect.stringContaining('61 groups; at most 60'),
  });
  expect(refused({ segments: segments(MAX_SEGMENTS, 100) })).toBeUndefined();
  const code = 'CONFIGURATION_TOO_LARGE';
  expect(refused({ segments: segments(2_001, 10) })).toMatchObject({
    code,
    message: expect.stringContaining('It has 2001 segments; at most 2000'),
  });
  expect(refused({ segments: {}, fields: segments(81, 4) })).toMatchObject({
    code,
    message: expect.stringContaining('It has 81 merge fields; at most 80'),
  });
  expect(refused({ segments: segments(2_000, 300) })).toMatchObject({
    code,
    message: expect.stringMatching(/take 6\d{5} bytes; a request has at most 524288/),
  });
  const wide = LARGEST.segments.map((one, index) => ({ ...one, segment: pad('w', index, 100) }));
  expect(() => requireSize({ ...LARGEST, segments: wide })).toThrow(
    /2000 segments and 80 merge fields.* bytes; at most 360000/,
  );
});

test('a proposal keeps only what differs, and is read with the settings of the destination at its start', () => {
  const { configuration } = INPUT;
  const [vip] = LARGEST.segments as [(typeof LARGEST.segments)[number]];
  const tags = ['a', 'b', 'c'].map((segment) => ({
    ...vip,
    segment,
    tag: segment,
    tagId: null,
    knownAs: null,
  }));
  const current = { ...configuration, latest: 'Changed', leavers: 'archive' as const, segments: tags };
  const { leavers: _, ...rest } = current;
  const added = { ...tags[0]!, segment: 'd', tag: 'd' };
  const renamed = { ...tags[1]!, tag: 'B' };
  const proposal = { ...rest, latest: null, segments: [tags[0]!, renamed, added] };
  const proposed = JSON.parse(JSON.stringify(toProposed(proposal, current))) as Proposed;
  expect(proposed).toEqual({
    changed: { latest: null },
    unset: ['leavers'],
    segments: [{ segment: 'b', tag: 'B' }, { segment: 'd' }],
    dropped: ['c'],
  });
  expect(fromProposed(proposed, current)).toEqual(proposal);
  expect(fromProposed({ ...toProposed(proposal, null) }, null)).toEqual(proposal);
  // Its export has created the tag in the meantime.
  const created = { ...tags[0]!, tagId: 7, knownAs: 'a' };
  const later = { ...current, segments: [created, ...tags.slice(1)] };
  expect(fromProposed(proposed, later)).toEqual({ ...proposal, segments: [created, renamed, added] });
});

test('guards of many segments are one for each code beyond the greatest twenty', () => {
  const guards = Array.from({ length: 30 }, (_, index) => ({
    code: 'MASS_REMOVAL' as const,
    message: `m${index}`,
    number: index + 1,
    limit: 0,
    segment: `s${index}`,
  }));
  const found = bounded(guards);
  expect(found).toHaveLength(21);
  expect(found.at(-1)).toMatchObject({ code: 'MASS_REMOVAL', number: 55 });
  expect(bounded(guards.slice(0, 20))).toEqual(guards.slice(0, 20));
});
