import { isDeepStrictEqual } from 'node:util';
import { openDatabase } from '../../duckdb/open';
import { quoteName, quoteText } from '../../duckdb/quote';
import type { MemberSeed } from '../../sandbox';
import type { AudienceMember } from './audience';
import type { Setting } from './setting';

type Brought = Omit<MemberSeed, 'email_address'>;

/**
 * Whom other tools have brought into the audience before the first export, by key. "Vinyl club" is a tag of such a tool; "Blues
 * lovers" one too, with the name of a tag of ours.
 */
const CUSTOMERS: Readonly<Record<string, Brought>> = {
  '5': { status: 'archived', tags: ['Vinyl club'] },
  // The customer who leaves: the other tool's "Blues lovers" has to stay.
  '6': { status: 'subscribed', tags: ['Blues lovers', 'Vinyl club'] },
  '14': { status: 'subscribed', tags: ['Vinyl club'] },
  '16': { status: 'unsubscribed', unsubscribed_by: 'contact' },
  '20': { status: 'subscribed', tags: ['Blues lovers'] },
  '23': { status: 'unsubscribed', unsubscribed_by: 'contact', tags: ['Vinyl club'] },
  '31': { status: 'pending' },
  '37': { status: 'cleaned', tags: ['Vinyl club'] },
  // Opted out, and archived later: waking them would subscribe them again.
  '46': { status: 'archived', unsubscribed_by: 'contact' },
};

const STRANGERS: readonly MemberSeed[] = [
  {
    email_address: 'ines.albrecht@klangwerkstatt.de',
    status: 'subscribed',
    merge_fields: { FNAME: 'Ines', COUNTRY: 'Germany' },
    tags: ['Vinyl club'],
  },
  { email_address: 'paulo.reis@discoteca-norte.pt', status: 'subscribed', tags: ['Blues lovers'] },
  { email_address: 'nora.lind@skivbutiken.se', status: 'unsubscribed', unsubscribed_by: 'contact' },
];

/** A person whom another tool has brought. */
export interface Neighbour {
  /** "customer 16" or "stranger 1": addresses are not printed. */
  readonly who: string;
  readonly before: AudienceMember;
  readonly now: AudienceMember | undefined;
  /** Status and each tag as before; of a stranger and of an archived member, everything. */
  readonly isRespected: boolean;
}

/** Members that the audience holds before the first export. */
export async function seedsOf(setting: Setting, folder: string): Promise<MemberSeed[]> {
  const addresses = await readAddresses(setting, folder);
  const customers = Object.entries(CUSTOMERS).map(([key, brought]) => ({
    ...brought,
    email_address: addresses.get(key)!,
  }));
  return [...customers, ...STRANGERS];
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

/** @param before the members before the first export: all of them, in the order in which they were seeded */
export function compareNeighbours(
  before: readonly AudienceMember[],
  now: readonly AudienceMember[],
): Neighbour[] {
  const after = new Map(now.map((member) => [member.email, member]));
  const customers = Object.keys(CUSTOMERS);
  return before.map((was, place) => {
    const key = customers[place];
    const is = after.get(was.email);
    return {
      who: key === undefined ? `stranger ${place - customers.length + 1}` : `customer ${key}`,
      before: was,
      now: is,
      isRespected: is !== undefined && respects(was, is, key !== undefined && was.status !== 'archived'),
    };
  });
}

function respects(was: AudienceMember, is: AudienceMember, isExported: boolean): boolean {
  if (!isExported) return isDeepStrictEqual(is, was);
  return is.status === was.status && was.tags.every((tag) => is.tags.includes(tag));
}
