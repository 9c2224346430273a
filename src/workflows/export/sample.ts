import type { ExportReport } from '../../contract/report';
import { attemptStep } from './run-step';
import type { Run } from './run';

/**
 * The report with what a sample of the contacts was found to be, where the configuration asks for one. The export is complete without it, and
 * its baseline sealed: neither a failure nor a cancellation changes that, so the report then has no sample.
 */
export async function withSample(run: Run, report: ExportReport): Promise<ExportReport> {
  const { ref, account, audience, configuration, removal } = run.input;
  const { verify } = configuration;
  if (!verify || removal || report.status !== 'completed') return report;
  const { fields, segments } = run.record;
  try {
    const { verification: sample } = await attemptStep(run, 'mailchimp.verifySample', {
      summary: 'Read some contacts back, and compare them with what was sent',
      input: () => ({
        ref,
        account,
        audienceId: audience.id,
        sample: verify.sample,
        fields: fields.map(({ field }) => field),
        tagIds: segments.flatMap(({ tagId }) => tagId ?? []),
      }),
    });
    return { ...report, sample };
  } catch {
    return report;
  }
}
