import { fullInput, type CompactExportInput } from '../../contract/compact';
import type { ExportReport } from '../../contract/report';
import { drainEarlierWrites } from './prepare';
import { toReport } from './report';
import { createRun, type Run } from './run';
import { runStep } from './run-step';
import { runToReport } from './run-to-report';

/**
 * Removes one person from the rows of a destination; started by its destination only, one at a time with its exports. It claims the destination
 * like an export, and waits until no earlier one can write: a batch could send the person again, and a worker that was frozen could write rows.
 */
export async function mailchimpForget(input: CompactExportInput): Promise<ExportReport> {
  const run = createRun({ ...fullInput(input), kind: 'forget' });
  return runToReport(run, () => forgetPerson(run));
}

async function forgetPerson(run: Run): Promise<ExportReport> {
  const { input, record } = run;
  const { ref, account, accountId, audience, statusIfNew, forget } = input;
  const { openWrites, givenUp } = await drainEarlierWrites(run);
  const { requests: _, ...forgotten } = await runStep(run, 'mailchimp.forgetPerson', {
    summary: 'Remove a person from the rows of the store',
    input: () => ({
      ref,
      account,
      accountId,
      audienceId: audience.id,
      statusIfNew,
      baseline: record.baseline,
      requestId: forget?.requestId ?? '',
    }),
  });
  return {
    ...toReport(input, null, { status: 'completed', startedAtMs: record.startedAtMs }),
    forgotten: { ...forgotten, openWrites, ...(givenUp > 0 && { givenUp }) },
  };
}
