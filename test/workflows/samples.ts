import { ExportOptionsSchema } from '../../src/contract/export-options';
import type { ExportInput, ExportView } from '../../src/contract/export';
import { noOutcomes, noMemberStatuses } from '../../src/contract/outcome';
import type { ExportPlan } from '../../src/contract/plan';
import type { ExportReport } from '../../src/contract/report';
import { NEW_DESTINATION, type DestinationState } from '../../src/workflows/destination/state';

export const SINCE = '2026-11-23T18:05:00.000Z';

const REF = { destinationId: 'newsletter', exportId: '0b0e4f9c-8a3e-4a0e-9c1f-0d7f5a1b2c3d' };

export const INPUT: ExportInput = {
  ref: REF,
  kind: 'export',
  number: 3,
  trigger: 'on demand',
  options: ExportOptionsSchema.parse({}),
  destinationName: 'Newsletter',
  account: 'main',
  accountId: 'acc1',
  audience: { id: 'c417f00d5e', name: 'Our readers' },
  source: 'people',
  storeId: '5709e1d0',
  workerTimeoutSeconds: 120,
  statusIfNew: 'subscribed',
  configuration: {
    email: 'email',
    fields: [],
    strict: false,
    optedOut: 'update',
    latest: null,
    segments: [
      { segment: 'vip', tag: 'VIP', tagId: 11, knownAs: 'VIP' },
      { segment: 'north', tag: 'North', tagId: null, knownAs: null },
    ],
    guards: { removalShare: 0.2 },
  },
  baseline: null,
};

export const PLAN: ExportPlan = {
  planId: 'p1',
  selected: 60_000,
  departed: 40,
  creates: 25_000,
  updates: 20_000,
  removals: 30,
  uncertain: 0,
  readdressed: 0,
  decided: { ...noOutcomes(), unchanged: 14_000, invalid: 700, duplicate: 300, removed: 10 },
  invalid: { email_missing: 700 },
  segments: [
    { segment: 'vip', tag: 'VIP', profiles: 40_000, toTag: 30_000, toUntag: 25 },
    { segment: 'north', tag: 'North', profiles: 20_000, toTag: 15_000, toUntag: 5 },
  ],
  warnings: [],
  chunks: 91,
  parts: [
    { part: 0, kind: 'upsert', firstChunk: 0, lastChunk: 49, rows: 25_000, canary: false },
    { part: 1, kind: 'upsert', firstChunk: 50, lastChunk: 89, rows: 20_000, canary: false },
    { part: 2, kind: 'untag', firstChunk: 90, lastChunk: 90, rows: 30, canary: false },
  ],
  baselineSize: 60_040,
};

export function view(change: Partial<ExportView> = {}): ExportView {
  return {
    ref: REF,
    kind: 'export',
    number: 3,
    phase: 'delivering',
    state: { kind: 'running', since: SINCE },
    isPaused: false,
    startedAt: '2026-11-23T18:00:00.000Z',
    plan: PLAN,
    done: 25_000,
    refused: 12,
    unproven: 0,
    parts: { total: 3, submitted: 2, done: 1 },
    finishedInFlight: 8,
    requests: 25,
    lane: null,
    batches: 2,
    report: null,
    failure: null,
    ...change,
  };
}

export function report(change: Partial<ExportReport> = {}): ExportReport {
  return {
    ...REF,
    kind: 'export',
    number: 3,
    storeId: '5709e1d0',
    status: 'completed',
    isSettled: true,
    selected: 60_000,
    departed: 40,
    outcomes: {
      ...noOutcomes(),
      created: 25_000,
      updated: 20_000,
      unchanged: 14_000,
      invalid: 1_000,
      removed: 40,
    },
    uncertain: 0,
    readdressed: 0,
    memberStatuses: { ...noMemberStatuses(), subscribed: 44_990, unsubscribed: 10 },
    invalid: {},
    refusals: [],
    segments: [
      { segment: 'vip', tagId: 11, name: 'VIP', profiles: 40_000, tagged: 30_000, untagged: 25, failed: 0 },
      {
        segment: 'north',
        tagId: 12,
        name: 'North',
        profiles: 20_000,
        tagged: 15_000,
        untagged: 5,
        failed: 0,
      },
    ],
    warnings: [],
    mismatches: [],
    baselineSize: 59_000,
    tally: { requests: 40, batches: 3, lanes: null },
    guards: [],
    approval: null,
    startedAt: '2026-11-23T18:00:00.000Z',
    durationMs: 61_000,
    ...change,
  };
}

export const DESTINATION: DestinationState = {
  ...NEW_DESTINATION,
  phase: 'configured',
  configuration: INPUT.configuration,
  baseline: { exportId: 'earlier', size: 7 },
  unsettled: {
    kind: 'export',
    exportId: REF.exportId,
    number: 3,
    options: INPUT.options,
    trigger: 'on demand',
  },
};
