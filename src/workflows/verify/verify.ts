import { fullInput, type CompactExportInput } from '../../contract/compact';
import { nothingVerified, type Verification } from '../../contract/drift';
import type { ExportReport } from '../../contract/report';
import { prepareVerification } from '../export/prepare';
import { verifiedReport } from '../export/report';
import { createRun, type Run } from '../export/run';
import { runStep } from '../export/run-step';
import { runToReport } from '../export/run-to-report';

/**
 * Compares the audience with the baseline; started by its destination only. Changes nothing at Mailchimp. It claims the destination like an
 * export, so that no earlier one writes while it reads.
 */
export async function mailchimpVerify(input: CompactExportInput): Promise<ExportReport> {
  const run = createRun(fullInput(input));
  return runToReport(run, async () => verifiedReport(run, await verify(run)));
}

async function verify(run: Run): Promise<Verification> {
  await prepareVerification(run);
  const { ref, account, audience, repair } = run.input;
  const { baseline, segments } = run.record;
  if (baseline === null) return nothingVerified();
  const fields = run.record.fields.map(({ field }) => field);
  await runStep(run, 'mailchimp.readAudience', {
    summary: 'Read the members of the audience',
    input: () => ({ ref, account, audienceId: audience.id, fields }),
  });
  const { verification } = await runStep(run, 'mailchimp.verifyAudience', {
    summary: 'Compare them with the baseline, and read those that differ once more',
    input: () => ({
      ref,
      account,
      audienceId: audience.id,
      baseline,
      fields,
      tagIds: segments.flatMap(({ tagId }) => tagId ?? []),
      repair: repair === true,
    }),
  });
  return verification;
}
