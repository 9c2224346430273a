import type { ExportRef } from '../../contract/identifiers';
import type {
  KnownContact,
  PersonName,
  PersonOutcome,
  PersonRecord,
  PersonRequest,
  RefusalRow,
  SignupEvidence,
  Suppression,
} from '../../ports/staging';
import type { Database } from '../../duckdb/database';
import { isoText, quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import { brokenRule, createIdn, normalised, withAddress } from '../plan/address';
import { isLifted, retryAt } from '../plan/permanent-refusals';
import { findAllSuppressions, type FoundSuppressions, suppressionsIn } from '../plan/suppressed';
import { signupColumn } from '../plan/signup';
import { findSnapshot } from '../plan/snapshot';
import { readConsents } from '../store/consents';
import { hashSql } from '../store/hash-key';
import {
  type BaselineDocument,
  BASELINE_ROWS,
  CENSUS_ROWS,
  hashColumn,
  OUTCOMES,
  readBaseline,
  readPlan,
} from '../store/documents';
import { CENSUS, inExport } from '../store/layout';
import { type Lift, readLifts } from '../store/lifts';
import type { Sealed } from '../store/run-once';
import { readDocument } from '../store/sealed-files';
import { withTemporaryWorkspace } from '../store/workspace';
import type { ReadContext } from './refusals';

/** Writes nothing into the store: DuckDB works in a temporary folder of the system. */
export async function readPerson(
  context: ReadContext,
  ref: ExportRef,
  { person, accountId, exports }: PersonRequest,
): Promise<PersonRecord> {
  const { store } = context;
  const baseline = await readBaseline(store, ref);
  const rows = baseline && (await store.localFile(inExport(ref, baseline.folder, BASELINE_ROWS)));
  const lifts = await readLifts(store, ref);
  const census = baseline && (await censusOf(context, ref, baseline));
  const lists = await findAllSuppressions(store, { ...ref, accountId });
  const files = await outcomesOf(context, ref, exports);
  return withTemporaryWorkspace({ ...context, rows: baseline?.size ?? 0 }, async (database) => {
    const wanted = 'email' in person ? { email: await normalised(database, person.email) } : person;
    const contacts =
      rows === undefined
        ? []
        : await contactsIn(database, { rows, baseline: baseline!, census, lifts }, wanted);
    const outcomes: PersonOutcome[] = [];
    // Also of one that was never sent: on a list, say.
    const addresses = new Set(addressesOf(wanted, contacts));
    for (const { exportId, file } of files) {
      const found = await outcomesIn(database, file, { wanted, contacts });
      const sent = found.some(({ outcome }) => outcome === 'created')
        ? await signupsSent(context, database, {
            ref: { ...ref, exportId },
            keys: found.map(({ key }) => key),
          })
        : undefined;
      for (const { address, ...outcome } of found) {
        const signup = outcome.outcome === 'created' ? (sent?.get(outcome.key) ?? null) : null;
        outcomes.push({ exportId, ...outcome, signup });
        if (address !== null) addresses.add(address);
      }
    }
    const suppressions = await suppressionsOf(database, lists, [...addresses]);
    const consents = await readConsents(store, ref.destinationId);
    return { contacts, outcomes, suppressions, addresses: [...addresses], consents };
  });
}

/** By key, the evidence of a signup that an export has sent with new contacts. Undefined: none, or its rows are not kept. */
async function signupsSent(
  { store }: ReadContext,
  database: Database,
  { ref, keys }: { readonly ref: ExportRef; readonly keys: readonly string[] },
): Promise<ReadonlyMap<string, SignupEvidence> | undefined> {
  const plan = await readPlan(store, ref);
  if (!plan?.request.signup) return undefined;
  const snapshot = await findSnapshot(store, ref);
  if (snapshot === undefined) return undefined;
  const rows = await database.rows<{ key: string; signup: SignupEvidence }>(
    `SELECT key, ${signupColumn(plan.request)} AS signup FROM read_parquet(${quoteText(snapshot)}) WHERE list_contains(${quoteTexts(keys)}::VARCHAR[], key)`,
  );
  return new Map(rows.map(({ key, signup }) => [key, signup]));
}

/** Path of the listing of the audience before the first export. Undefined: it was deleted, or there was none. */
async function censusOf(
  { store }: ReadContext,
  { destinationId }: ExportRef,
  { census }: BaselineDocument,
): Promise<string | undefined> {
  if (census === null) return undefined;
  const ref = { destinationId, exportId: census };
  const document = await readDocument<Sealed>(store, inExport(ref, CENSUS));
  return document && store.localFile(inExport(ref, document.folder, CENSUS_ROWS));
}

/** Those whose rows are kept. */
async function outcomesOf({ store }: ReadContext, { destinationId }: ExportRef, exports: readonly string[]) {
  const files: { readonly exportId: string; readonly file: string }[] = [];
  for (const exportId of exports) {
    const ref = { destinationId, exportId };
    const settled = await readBaseline(store, ref);
    const file = settled && (await store.localFile(inExport(ref, settled.folder, OUTCOMES)));
    if (file !== undefined) files.push({ exportId, file });
  }
  return files;
}

interface Known {
  readonly rows: string;
  readonly baseline: BaselineDocument;
  readonly census: string | undefined;
  readonly lifts: readonly Lift[];
}

type Row = Omit<KnownContact, 'tags' | 'refusal'> & {
  readonly tags: readonly number[];
  readonly refusal: RefusalRow['class'] | null;
} & Pick<RefusalRow, 'text' | 'since' | 'retryAt' | 'isLifted'>;

async function contactsIn(
  database: Database,
  { rows, baseline, census, lifts }: Known,
  wanted: PersonName,
): Promise<KnownContact[]> {
  const filled = baseline.fields.map(
    (tag) => `CASE WHEN ${quoteName(hashColumn({ field: { tag } }))} IS NOT NULL THEN ${quoteText(tag)} END`,
  );
  const found = await database.rows<Row>(`
    SELECT b.address AS email, b.keys, coalesce(b.state, 'withheld') AS state, b.status, b.tags,
      list_filter([${filled.join(', ')}]::VARCHAR[], tag -> tag IS NOT NULL) AS fields,
      CASE WHEN refused_hash IS NOT NULL THEN refused_class END AS refusal, coalesce(refused_text, '') AS text, ${isoText('refused_at')} AS since,
      ${isoText(`coalesce(refused_until, ${retryAt(baseline.rejects)})`)} AS "retryAt", ${isLifted(lifts)} AS "isLifted",
      ${census === undefined ? 'NULL' : 'c.status'} AS "statusBefore"
    FROM read_parquet(${quoteText(rows)}) b
    ${census === undefined ? '' : `LEFT JOIN read_parquet(${quoteText(census)}) c ON c.address = b.address`}
    WHERE ${'email' in wanted ? `b.address = ${quoteText(wanted.email)}` : `list_contains(b.keys, ${quoteText(wanted.key)})`}
    ORDER BY b.address`);
  return found.map(({ tags, refusal, text, since, retryAt: again, isLifted: lifted, ...contact }) => ({
    ...contact,
    tags: tags.map((id) => baseline.tags[id]?.name ?? `tag ${id}`),
    refusal: refusal === null ? null : { class: refusal, text, since, retryAt: again, isLifted: lifted },
  }));
}

function addressesOf(wanted: PersonName, contacts: readonly KnownContact[]): string[] {
  return [...contacts.map(({ email }) => email), ...('email' in wanted ? [wanted.email] : [])];
}

async function suppressionsOf(
  database: Database,
  { files, hashKey }: FoundSuppressions,
  addresses: readonly string[],
): Promise<Suppression[]> {
  if (files.length === 0) return [];
  return database.rows<Suppression>(`
    SELECT DISTINCT l.* FROM ${suppressionsIn(files)} l, (SELECT unnest(${quoteTexts(addresses)}::VARCHAR[]) AS address) a
    WHERE l.value = CASE l.kind WHEN 'sha256' THEN sha256(a.address) WHEN 'md5' THEN md5(a.address) ${hashKey === undefined ? '' : `WHEN 'keyed' THEN ${hashSql(hashKey, 'a.address')} WHEN 'deleted' THEN ${hashSql(hashKey, 'a.address')}`} ELSE a.address END
    ORDER BY l.since, l.value`);
}

/** Also those under other keys and addresses of the same contacts. `address`: the e-mail as exports normalise it. */
async function outcomesIn(
  database: Database,
  file: string,
  { wanted, contacts }: { readonly wanted: PersonName; readonly contacts: readonly KnownContact[] },
) {
  const keys = [...contacts.flatMap((contact) => contact.keys), ...('key' in wanted ? [wanted.key] : [])];
  const emails = addressesOf(wanted, contacts);
  const rows = `read_parquet(${quoteText(file)})`;
  await createIdn(database, { from: rows, text: 'email' });
  return database.rows<Omit<PersonOutcome, 'exportId' | 'signup'> & { readonly address: string | null }>(`
    SELECT key, email, outcome, coalesce(reason, '') AS reason, text, CASE WHEN ${brokenRule('stripped', 'address')} IS NULL THEN address END AS address
    FROM ${withAddress(rows, 'email')}
    WHERE list_contains(${quoteTexts(keys)}::VARCHAR[], key) OR list_contains(${quoteTexts(emails)}::VARCHAR[], address)
    ORDER BY key, email`);
}
