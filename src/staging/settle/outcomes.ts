import { join } from 'node:path';
import { attributeLabel, type FieldMatch } from '../../contract/merge-field';
import type { Database } from '../../duckdb/database';
import { quoteText } from '../../duckdb/quote';
import { OUTCOMES } from '../store/documents';
import { snapshotProfiles } from '../plan/profiles';
import { BEYOND_LIMIT } from '../../contract/failure-reasons';
import { NO_ANSWER, nameOfRank, rank, rankOf, UNCERTAIN, withAttribute } from './row-results';

/** Creates the table `outcome`: one row per contact, with the worse of the outcome that was decided and the worst result. */
export async function createOutcomes(database: Database): Promise<void> {
  await database.run(`
    CREATE TABLE outcome AS
    SELECT n, b, address, CASE
        WHEN answered IS NULL THEN decided
        WHEN worst > ${rank('acknowledged')} THEN ${nameOfRank('worst')}
        WHEN is_archived THEN 'archived'
        WHEN NOT selected THEN 'removed'
        WHEN upsert AND NOT known THEN 'created'
        ELSE 'updated' END AS outcome,
      CASE WHEN resubscribed IS NOT NULL THEN resubscribed.class
        WHEN outcome = 'created' AND uncertain THEN ${quoteText(UNCERTAIN)}
        WHEN outcome IN ('removed', 'archived') AND NOT is_decided THEN coalesce(archive_why, not_archived)
        WHEN is_decided THEN coalesce(class, CASE decided WHEN 'not_sent' THEN ${quoteText(BEYOND_LIMIT)} END)
        WHEN worst > ${rank('acknowledged')} THEN coalesce(why.class, CASE worst WHEN ${rank('unproven')} THEN ${quoteText(NO_ANSWER)} END) END AS reason,
      CASE WHEN is_decided THEN text WHEN resubscribed IS NOT NULL THEN resubscribed.text WHEN worst > ${rank('acknowledged')} THEN why.text END AS text,
      CASE WHEN is_decided THEN since END AS since
    FROM (
      SELECT p.n, p.b, CASE WHEN NOT p.selected THEN p.address END AS address, p.selected, p.known, p.uncertain, p.upsert, p.decided, p.class, p.text, p.since,
        CASE WHEN t.upsert_why.class = 'resubscribed' THEN t.upsert_why END AS resubscribed, t.worst AS answered, t.why, coalesce(t.is_archived, false) AS is_archived, t.archive_why, p.not_archived, greatest(t.worst, ${rankOf('p.decided')}) AS worst,
        coalesce(${rankOf('p.decided')} >= t.worst, t.worst IS NULL) AS is_decided
      FROM contact p LEFT JOIN contact_result t USING (id))`);
}

interface OutcomesInput {
  /** Path, as `snapshot`. */
  readonly decided: string;
  readonly fields: readonly FieldMatch[];
  readonly snapshot: string;
  readonly into: string;
}

/** SQL: the attribute of the merge field that Mailchimp names in its refusal. */
function refusedAttribute(fields: readonly FieldMatch[]): string {
  const cases = fields.map(
    (match) =>
      `WHEN regexp_matches(o.text, ${quoteText(`\\b${match.field.tag}:`)}) THEN ${quoteText(attributeLabel(match))}`,
  );
  return cases.length === 0
    ? 'NULL'
    : `CASE WHEN o.reason = 'merge_field' THEN CASE ${cases.join(' ')} END END`;
}

/** Writes `outcomes.parquet`: one row per subject. A departed address has the key of its former profile. */
export async function writeOutcomes(
  database: Database,
  { decided, fields, snapshot, into }: OutcomesInput,
): Promise<void> {
  const attribute = refusedAttribute(fields);
  await database.run(`
    COPY (
      SELECT key, email, outcome, reason, NULL::VARCHAR AS text, NULL::TIMESTAMP AS since, attribute FROM (${withAttribute(decided)})
      UNION ALL
      SELECT s.key, s.a0, o.outcome, o.reason, o.text, o.since, ${attribute} FROM ${snapshotProfiles(snapshot)} s JOIN outcome o USING (n)
      UNION ALL
      SELECT w.keys[1], o.address, o.outcome, o.reason, o.text, o.since, ${attribute} FROM parent w JOIN (SELECT * FROM outcome WHERE n IS NULL) o USING (b)
    ) TO ${quoteText(join(into, OUTCOMES))} (FORMAT parquet, COMPRESSION zstd)`);
}
