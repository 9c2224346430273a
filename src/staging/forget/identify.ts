import type { StagingStore } from '../../ports/staging-store';
import type { Database } from '../../duckdb/database';
import { quoteText } from '../../duckdb/quote';
import { brokenRule, createIdn, normalised, withAddress } from '../plan/address';
import { BASELINE_ROWS, OUTCOMES } from '../store/documents';
import type { Identity, StagedForget } from '../store/forgets';
import { isAddress, isKey, isRawAddress, mentions, setWanted, spellingsOf, type Wanted } from './mentions';
import { rawAddressOf, rowFilesOf, SNAPSHOT_PROFILES } from './row-files';

interface Asked {
  readonly store: StagingStore;
  readonly database: Database;
  readonly destinationId: string;
  /** Export with the current baseline. */
  readonly baseline: string | null;
}

/**
 * Who is to be forgotten: by an address, the contact with it; by a key, the contacts with the addresses that rows give to the profile. A person who
 * shares an address with another one shares the contact.
 */
export async function identify(asked: Asked, { person }: Pick<StagedForget, 'person'>): Promise<Identity> {
  const keys = 'key' in person ? [person.key] : [];
  const addresses = await addressesNamed(asked, person);
  const malformed = await malformedOf(asked.database, addresses);
  const contacts = addresses.filter((address) => !malformed.includes(address));
  const wanted: Wanted = { addresses, keys, spellings: [] };
  const found = await lookAtRows(asked, wanted);
  return {
    contacts: contacts.map((email) => ({ email, tagIds: found.tags.get(email) ?? [] })),
    malformed,
    keys: [...new Set([...keys, ...found.keys])],
    spellings: found.spellings.filter((spelling) => !spellingsOf(wanted).includes(spelling)),
  };
}

async function addressesNamed(asked: Asked, person: StagedForget['person']): Promise<readonly string[]> {
  if ('emails' in person) return person.emails;
  if ('key' in person) return addressesOf(asked, person.key);
  return [await normalised(asked.database, person.email)].filter((address) => address.includes('@'));
}

/** Those that no contact can have: an export sends none of them, and to keep them out would keep out no one. */
async function malformedOf(database: Database, addresses: readonly string[]): Promise<readonly string[]> {
  await database.run('CREATE OR REPLACE TABLE named_address (address VARCHAR)');
  await database.append(
    'named_address',
    addresses.map((address) => [address]),
  );
  const rows = await database.rows<{ address: string }>(
    `SELECT address FROM named_address WHERE ${brokenRule('address', 'address')} IS NOT NULL`,
  );
  return rows.map(({ address }) => address);
}

/** The addresses that rows give to the profile with this key. */
async function addressesOf({ store, database, destinationId }: Asked, key: string): Promise<string[]> {
  const found = new Set<string>();
  await setWanted(database, { addresses: [], keys: [key], spellings: [] });
  for await (const { key: object, name } of rowFilesOf(store, destinationId)) {
    const path = await store.localFile(object);
    if (path === undefined) continue;
    const from = `read_parquet(${quoteText(path)})`;
    for (const address of await addressesIn(database, { from, name })) found.add(address);
  }
  return [...found].filter((address) => address.includes('@'));
}

async function addressesIn(
  database: Database,
  { from, name }: { readonly from: string; readonly name: string },
): Promise<readonly string[]> {
  if (name === BASELINE_ROWS) {
    // Those after the first are of profiles that share the address, or had it before.
    const rows = await database.rows<{ address: string }>(
      `SELECT DISTINCT address FROM ${from} WHERE ${isKey('keys[1]')} AND address IS NOT NULL`,
    );
    return rows.map(({ address }) => address);
  }
  if (name !== SNAPSHOT_PROFILES && name !== OUTCOMES) return [];
  const raw = rawAddressOf(name, name === OUTCOMES ? ['email'] : ['a0'])!;
  await database.run(
    `CREATE OR REPLACE TABLE named AS SELECT ${raw} AS text FROM ${from} WHERE ${isKey('key')} AND ${raw} IS NOT NULL`,
  );
  await createIdn(database, { from: 'named', text: 'text' });
  const rows = await database.rows<{ address: string }>(
    `SELECT DISTINCT address FROM ${withAddress('named', 'text')} WHERE address IS NOT NULL`,
  );
  return rows.map(({ address }) => address);
}

interface NamingRow {
  readonly key: string | null;
  readonly text: string | null;
  /** The key is the address. */
  readonly isNamed: boolean;
  readonly isTheirs: boolean;
}

/** The tags of ours that contacts carry now, by address; keys that are an address; and how the sources have spelled the addresses. */
async function lookAtRows({ store, database, destinationId, baseline }: Asked, wanted: Wanted) {
  const tags = new Map<string, readonly number[]>();
  const keys = new Set<string>();
  const spellings = new Set<string>();
  await setWanted(database, wanted);
  const texts = spellingsOf(wanted);
  for await (const { key, name } of rowFilesOf(store, destinationId)) {
    const path = await store.localFile(key);
    if (path === undefined) continue;
    const from = `read_parquet(${quoteText(path)})`;
    // An earlier one has tags that we took off, and that another tool may have added since.
    if (name === BASELINE_ROWS && baseline !== null && key.includes(`/${baseline}/`))
      for (const row of await database.rows<{ address: string; tags: readonly number[] | null }>(
        `SELECT address, tags FROM ${from} WHERE ${isAddress('address')}`,
      ))
        tags.set(row.address, row.tags ?? []);
    if (name !== SNAPSHOT_PROFILES && name !== OUTCOMES) continue;
    const raw = rawAddressOf(name, name === OUTCOMES ? ['email'] : ['a0'])!;
    const isTheirs = await isRawAddress(database, { from, column: raw, wanted });
    for (const row of await database.rows<NamingRow>(
      `SELECT DISTINCT key, ${raw} AS text, ${mentions('key', texts)} AS "isNamed", ${isTheirs} AS "isTheirs" FROM ${from} WHERE ${isTheirs} OR ${mentions('key', texts)}`,
    )) {
      if (row.isNamed && row.key !== null) keys.add(row.key);
      if (row.isTheirs && row.text !== null) spellings.add(row.text.trim().toLowerCase());
    }
  }
  return { tags, keys: [...keys], spellings: [...spellings].filter((text) => text.includes('@')) };
}
