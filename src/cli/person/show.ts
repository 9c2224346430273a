import type { ExportClient } from '../../client';
import type { DestinationView } from '../../contract/destination-view';
import { kindOf, type ExportReport } from '../../contract/report';
import { type NotArchived, whyNotArchived } from '../../contract/archiving';
import { ExportError } from '../../errors';
import type { Member } from '../../ports/mailchimp';
import type { PersonName, PersonOutcome, PersonPlan, PersonRecord } from '../../ports/staging';
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
export interface KnownIn extends Pick<PersonRecord, 'contacts' | 'suppressions'> {
  readonly destinationId: string;
  readonly name: string;
  readonly audience: string;
  /** What Mailchimp has now, by address. Absent: it was not asked, or `problems` says why it did not answer. */
  readonly mailchimp?: readonly { readonly email: string; readonly member: Member | null }[];
  /** Why something could not be read. */
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  /** Latest first. */
  readonly outcomes: readonly KnownOutcome[];
  /** Null: not known. */
  readonly next: KnownNext | null;
  /** No export starts until the consent is given again. */
  readonly withdrawnAt: string | null;
}

/** In ISO 8601 and UTC: when the export started. */
interface ExportTime {
  readonly number: number;
  readonly startedAt: string;
}

interface KnownOutcome extends PersonOutcome, ExportTime {
  /** Under which the export was made. Null: it is not in the store. */
  readonly consent: Agreement | null;
}

/** A statement of consent of the destination. */
export interface Agreement {
  readonly by: string;
  readonly at: string;
  readonly textVersion: string;
  readonly statusIfNew: string;
  readonly proof: string | null;
}

/** What the next export would do, with the profiles and the settings of an earlier one. */
export interface KnownNext extends ExportTime, Omit<PersonPlan, 'contacts'> {
  readonly contacts: readonly (PersonPlan['contacts'][number] & {
    /** Of one to archive: why Mailchimp's member, as it is now, would not be. */
    readonly notArchived?: NotArchived;
  })[];
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
  const next = await attempt(() => planNext(invocation, view, { person, record, settled, members }));
  const timeOf = (exportId: string): ExportTime => {
    const { number, startedAt } = settled.find((report) => report.exportId === exportId)!;
    return { number, startedAt };
  };
  return {
    destinationId,
    name,
    audience: `${audience.name} (${audience.id})`,
    contacts: record.contacts,
    suppressions: record.suppressions,
    outcomes: record.outcomes.map((one) => {
      const time = timeOf(one.exportId);
      return { ...one, ...time, consent: agreementAt(record.consents, time.startedAt) };
    }),
    next: next ? { ...next, ...timeOf(next.exportId) } : null,
    withdrawnAt: view.consent?.withdrawnAt ?? null,
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

const NOTHING: Read = {
  record: { contacts: [], outcomes: [], suppressions: [], addresses: [], consents: [] },
  settled: [],
};

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

/** Those that an export may have sent, and the one that was asked for: as it was typed, where the store is away. */
function addressesOf(person: PersonName, { addresses }: PersonRecord): readonly string[] {
  const isTyped = addresses.length === 0 && 'email' in person;
  return isTyped ? [person.email.trim().toLowerCase()] : addresses;
}

/** The last statement before an export. */
function agreementAt(consents: PersonRecord['consents'], startedAt: string): Agreement | null {
  const statement = consents.findLast(({ event, at = '' }) => event === 'agreed' && at <= startedAt);
  if (!statement) return null;
  const { by = '', at = '', textVersion = '', statusIfNew = '', proof = null } = statement;
  return { by, at, textVersion, statusIfNew, proof };
}

interface Asked extends Read {
  readonly person: PersonName;
  readonly members: KnownIn['mailchimp'] | undefined;
}

/** Null: there is no baseline yet, or the rows that it needs are not kept. */
async function planNext(
  invocation: Invocation,
  { destinationId, storeId, accountId, baseline }: DestinationView,
  { person, record, settled, members }: Asked,
): Promise<Omit<KnownNext, keyof ExportTime> | null> {
  if (!baseline || settled.length === 0) return null;
  const reader = await openStoreOf(invocation, { destinationId, storeId });
  const keys = [...record.contacts.flatMap((one) => one.keys), ...record.outcomes.map(({ key }) => key)];
  const plan = await reader.planPerson(
    { destinationId, exportId: baseline.exportId },
    {
      accountId,
      exports: settled.map(({ exportId }) => exportId),
      emails: record.addresses,
      keys: [...new Set('key' in person ? [...keys, person.key] : keys)],
      ...(members && { members }),
    },
  );
  return plan && { ...plan, contacts: plan.contacts.map((one) => withMember(one, members)) };
}

/** With what Mailchimp's member, as it is now, says of archiving it. */
function withMember(
  contact: PersonPlan['contacts'][number],
  members: KnownIn['mailchimp'],
): KnownNext['contacts'][number] {
  const asked = members?.find(({ email }) => email === contact.email);
  if (contact.change !== 'archive' || !asked) return contact;
  const { member } = asked;
  const left = member?.tags.filter(({ name }) => !contact.removed.includes(name));
  const notArchived = whyNotArchived(member ? { status: member.status, tags: left! } : undefined);
  return { ...contact, ...(notArchived && { notArchived }) };
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
