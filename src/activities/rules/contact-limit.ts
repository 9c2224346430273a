import type { RowResult } from '../../contract/plan';
import { ExportError } from '../../errors';

/**
 * Every other new contact would be refused as well. The results of the chunk are not sealed: it is sent again after `resume`.
 * @throws ExportError PLAN_LIMIT
 */
export function refuseOverLimit(results: readonly RowResult[]): void {
  const refused = results.filter((row) => row.class === 'plan_limit');
  if (refused.length === 0) return;
  throw new ExportError(
    'PLAN_LIMIT',
    `Mailchimp refused ${refused.length} of ${results.length} contacts, since the account has reached its contact limit: ` +
      `${refused[0]?.text ?? ''} Raise the limit in Mailchimp or archive contacts, then resume; or cancel the export.`,
    { details: { refused: refused.length, sent: results.length } },
  );
}
