import type { ExportClient } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import { kindOf, type ExportReport } from '../../contract/report';
import { ExportError } from '../../errors';
import type { Member } from '../../ports/mailchimp';
import type { PersonName, PersonOutcome, PersonRecord } from '../../ports/staging';
import { allReports } from '../export/past-reports';
import { openAccountOf } from '../shell/account-of';
import { print, type Invocation } from '../shell/invocation';
import { openStoreOf } from '../shell/store-reader';
import { withClient } from '../shell/temporal';
import { describePerson } from '../text/person';

export interface PersonOptions {
  readonly destination?: readonly string[];
  readonly key?: boolean;
  readonly mailchimp: boolean;
}

/** What is known of the person in one destination. */
export interface KnownIn extends Omit<PersonRecord, 'outcomes'> {
  readonly destinationId: string;
  readonly name: string;
  readonly audience: string;
  /** What Mailchimp has now, by address. Absent: it was not asked, or `problems` says why it did not answer. */
  readonly mailchimp?: readonly { readonly email: string; readonly member: Member | null }[];
  /** Why something could not be read. */
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  /** Latest first. */
  readonly outcomes: readonly (PersonOutcome & { readonly number: number })[];
}

/** An address, or with `key` and where there is no "@" in it, the key of a profile. */
export function personNamed(named: string, key = false): PersonName {
  return key || !named.includes('@') ? { key: named } : { email: named };
}

/** Prints to the terminal only: nothing of a person reaches Temporal or a log. */
export async function showPerson(
  invocation: Invocation,
  named: string,
  { destination, key, mailchimp }: PersonOptions,
): Promise<undefined> {
  const person = personNamed(named, key);
  const views = await withClient(invocation, (client) => viewsOf(client, destination));
  const known: KnownIn[] = [];
  for (const view of views) known.push(await knownIn(invocation, view, { person, mailchimp }));
  print(invocation, {
    json: { ...person, destinations: known },
    text: (page) => describePerson(named, known, page),
  });
}

export async function viewsOf(
  client: ExportClient,
  names: readonly string[] | undefined,
): Promise<DestinationView[]> {
  const ids = names ?? (await client.list()).map(({ destinationId }) => destinationId);
  const views: DestinationView[] = [];
  for (const id of ids) views.push(await client.describe(id));
  return views.filter(({ phase }) => phase !== 'removed');
}

interface Wanted {
  readonly person: PersonName;
  readonly mailchimp: boolean;
}

async function knownIn(
  invocation: Invocation,
  view: DestinationView,
  { person, mailchimp }: Wanted,
): Promise<KnownIn> {
  const { destinationId, name, audience } = view;
  const problems: KnownIn['problems'][number][] = [];
  /** One store or account that is away does not hide what the others know. */
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ExportError)) throw error;
      problems.push({ code: error.code, message: error.message });
      return undefined;
    }
  };
  const { record, settled } = (await attempt(() => readRecord(invocation, view, person))) ?? NOTHING;
  const members = mailchimp
    ? await attempt(() => askMailchimp(invocation, view, addressesOf(person, record)))
    : undefined;
  const numbers = new Map(settled.map(({ exportId, number }) => [exportId, number]));
  return {
    destinationId,
    name,
    audience: `${audience.name} (${audience.id})`,
    contacts: record.contacts,
    suppressions: record.suppressions,
    outcomes: record.outcomes.map((one) => ({ ...one, number: numbers.get(one.exportId)! })),
    ...(members && { mailchimp: members }),
    problems,
  };
}

/** Of one destination. */
interface Read {
  readonly record: PersonRecord;
  /** Exports with outcomes in the store, the last one first. */
  readonly settled: readonly ExportReport[];
}

const NOTHING: Read = { record: { contacts: [], outcomes: [], suppressions: [] }, settled: [] };

/** No export has this id. */
const NONE = 'none';

async function settledExports(invocation: Invocation, view: DestinationView): Promise<ExportReport[]> {
  const found: ExportReport[] = [];
  for await (const report of allReports(invocation, view))
    if (kindOf(report) === 'export' && report.isSettled) found.push(report);
  return found;
}

async function readRecord(invocation: Invocation, view: DestinationView, person: PersonName): Promise<Read> {
  const { destinationId, accountId, storeId, baseline } = view;
  const settled = await settledExports(invocation, view);
  const exports = settled.map(({ exportId }) => exportId);
  // Before the first export, a suppression list may name the person.
  const last = baseline?.exportId ?? exports[0] ?? NONE;
  const reader = await openStoreOf(invocation, { destinationId, storeId });
  const ref = { destinationId, exportId: last };
  return { settled, record: await reader.readPerson(ref, { person, accountId, exports }) };
}

/** Those that an export may have sent, and the one that was asked for. */
function addressesOf(person: PersonName, { contacts, outcomes }: PersonRecord): string[] {
  const found = [
    ...contacts.map(({ email }) => email),
    ...outcomes.flatMap(({ email }) => (email === null || !email.includes('@') ? [] : [email])),
    ...('email' in person ? [person.email] : []),
  ];
  return [...new Set(found.map((email) => email.trim().toLowerCase()))];
}

async function askMailchimp(
  invocation: Invocation,
  view: DestinationView,
  emails: readonly string[],
): Promise<NonNullable<KnownIn['mailchimp']>> {
  if (emails.length === 0) return [];
  const account = await openAccountOf(invocation, view);
  const members: { email: string; member: Member | null }[] = [];
  for (const email of emails)
    members.push({ email, member: (await account.readMember(view.audience.id, email)) ?? null });
  return members;
}
