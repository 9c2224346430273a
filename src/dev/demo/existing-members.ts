import { isDeepStrictEqual } from 'node:util';
import { openDatabase } from '../../duckdb/open';
import { quoteName, quoteText } from '../../duckdb/quote';
import type { MemberSeed } from '../../sandbox';
import type { AudienceMember } from './audience';
import type { Setting } from './setting';

type CustomerSeed = Omit<MemberSeed, 'email_address'>;

/**
 * Customers that other tools added to the audience before the first export, by key. "Vinyl club" is a tag of such a tool. "Blues
 * lovers" is too, and has the same name as a tag of the demo's destination.
 */
const CUSTOMERS: Readonly<Record<string, CustomerSeed>> = {
  '5': { status: 'archived', tags: ['Vinyl club'] },
  // This customer leaves all segments: the other tool's "Blues lovers" must stay.
  '6': { status: 'subscribed', tags: ['Blues lovers', 'Vinyl club'] },
  '14': { status: 'subscribed', tags: ['Vinyl club'] },
  '16': { status: 'unsubscribed', unsubscribed_by: 'contact' },
  '20': { status: 'subscribed', tags: ['Blues lovers'] },
  '23': { status: 'unsubscribed', unsubscribed_by: 'contact', tags: ['Vinyl club'] },
  '31': { status: 'pending' },
  '37': { status: 'cleaned', tags: ['Vinyl club'] },
  // Opted out and later archived: to unarchive this member would subscribe it again.
  '46': { status: 'archived', unsubscribed_by: 'contact' },
};

const NON_CUSTOMERS: readonly MemberSeed[] = [
  {
    email_address: 'ines.albrecht@klangwerkstatt.de',
    status: 'subscribed',
    merge_fields: { FNAME: 'Ines', COUNTRY: 'Germany' },
    tags: ['Vinyl club'],
  },
  { email_address: 'paulo.reis@discoteca-norte.pt', status: 'subscribed', tags: ['Blues lovers'] },
  { email_address: 'nora.lind@skivbutiken.se', status: 'unsubscribed', unsubscribed_by: 'contact' },
];

/** A member that another tool added before the first export. */
export interface ExistingMember {
  /** "customer 16" or "other 1": addresses are not printed. */
  readonly label: string;
  readonly before: AudienceMember;
  readonly now: AudienceMember | undefined;
  /** The status and every tag are as before. For archived members and members that are not customers: everything is. */
  readonly isPreserved: boolean;
}

/** The members of the audience before the first export. */
export async function seedsOf(setting: Setting, folder: string): Promise<MemberSeed[]> {
  const addresses = await readAddresses(setting, folder);
  const customers = Object.entries(CUSTOMERS).map(([key, seed]) => ({
    ...seed,
    email_address: addresses.get(key)!,
  }));
  return [...customers, ...NON_CUSTOMERS];
}

async function readAddresses({ profilesFile, columns }: Setting, folder: string) {
  const database = await openDatabase({ folder, memoryLimit: '256MB', allow: [folder] });
  try {
    const rows = await database.rows<{ key: string; email: string }>(
      `SELECT ${quoteName(columns.key)} AS key, ${quoteName(columns.email)} AS email
         FROM read_csv(${quoteText(profilesFile)}, all_varchar = true, header = true, quote = '"', escape = '"', delim = ',')`,
    );
    return new Map(rows.map(({ key, email }) => [key, email]));
  } finally {
    await database.close();
  }
}

/** @param before all members before the first export, in the order in which they were seeded */
export function compareExisting(
  before: readonly AudienceMember[],
  now: readonly AudienceMember[],
): ExistingMember[] {
  const after = new Map(now.map((member) => [member.email, member]));
  const customers = Object.keys(CUSTOMERS);
  return before.map((was, place) => {
    const key = customers[place];
    const is = after.get(was.email);
    return {
      label: key === undefined ? `other ${place - customers.length + 1}` : `customer ${key}`,
      before: was,
      now: is,
      isPreserved: is !== undefined && preserves(was, is, key !== undefined && was.status !== 'archived'),
    };
  });
}

function preserves(was: AudienceMember, is: AudienceMember, isExported: boolean): boolean {
  if (!isExported) return isDeepStrictEqual(is, was);
  return is.status === was.status && was.tags.every((tag) => is.tags.includes(tag));
}
