import { expect, test } from '@jest/globals';
import { noOutcomes, type OutcomeCounts } from '../../../src/contract/outcome';
import type { ExportReport, RefusalCount } from '../../../src/contract/report';
import { exportJob } from '../../../src/workflows/destination/jobs/export';
import { DESTINATION, INPUT, report } from '../samples';

/** The version that the baseline has after an export. */
function versionAfter(change: Partial<ExportReport>, input: Partial<typeof INPUT> = {}): string | undefined {
  const ended = {
    job: DESTINATION.unsettled!,
    input: { ...INPUT, ...input },
    report: report({ version: 'v1', ...change }),
  };
  return exportJob.withReport(DESTINATION, ended).baseline?.version;
}

const outcomes = (counts: Partial<OutcomeCounts>) => ({ outcomes: { ...noOutcomes(), ...counts } });

const refused = (outcome: RefusalCount['outcome'], name: RefusalCount['class']) => ({
  ...outcomes({ [outcome]: 1 }),
  refusals: [{ outcome, class: name, text: '', count: 1 }],
});

test('the report of a complete export brings its version to the baseline, and does not keep it', () => {
  expect(versionAfter({})).toBe('v1');
  const { exports } = exportJob.withReport(DESTINATION, {
    job: DESTINATION.unsettled!,
    input: INPUT,
    report: report({ version: 'v1' }),
  });
  expect(exports[0]).not.toHaveProperty('version');
});

test.each([
  ['has created, updated and removed contacts', outcomes({ created: 1, updated: 2, removed: 3 })],
  ['has invalid profiles and duplicates', outcomes({ invalid: 1, duplicate: 1 })],
  ['was refused for good', refused('rejected', 'fake')],
  ['was refused for good, as it remembers', refused('suppressed', 'compliance')],
  ['has withheld archived contacts', refused('suppressed', 'archived')],
  ['has withheld a new address of who opted out', refused('suppressed', 'opted_out_elsewhere')],
  ['has withheld an address of the suppression list', refused('suppressed', 'suppression_list')],
])('another export would send nothing: it %s', (_, change) => {
  expect(versionAfter(change)).toBe('v1');
});

test.each([
  ['was throttled', refused('throttled', 'too_many_signups')],
  ['has no proof', outcomes({ unproven: 1 })],
  ['has not sent all', outcomes({ not_sent: 1 })],
  ['was refused for a reason that may pass', refused('rejected', 'server_error')],
  ['was refused with a class that is tried again after days', refused('rejected', 'merge_field')],
  ['was refused for reasons that are not listed', refused('rejected', 'other')],
  ['has met an opt-out, after which it may still send fields', refused('suppressed', 'opted_out')],
  ['failed', { status: 'failed' as const }],
])('another export may send something: it %s', (_, change) => {
  expect(versionAfter(change)).toBeUndefined();
});

test('an export with a limit leaves something, whatever its outcomes; who opted out is left out where that is configured', () => {
  expect(versionAfter({}, { options: { ...INPUT.options, limit: 9 } })).toBeUndefined();
  const configuration = { ...INPUT.configuration, optedOut: 'skip' as const };
  expect(versionAfter(refused('suppressed', 'opted_out'), { configuration })).toBe('v1');
});
