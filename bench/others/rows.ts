import { createHash } from 'node:crypto';
import { openDatabase } from '../../src/duckdb/open';
import { readCsv } from '../read-csv';

/** A profile as these tools send it: every row with an address, with the values of the source. */
export interface Row {
  readonly email_address: string;
  readonly status_if_new: 'subscribed';
  readonly merge_fields: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}

export async function readRows(
  folder: string,
  { profilesFile, membershipFile }: { readonly profilesFile: string; readonly membershipFile: string },
): Promise<Row[]> {
  const database = await openDatabase({ folder, memoryLimit: '256MB', allow: [folder] });
  try {
    const found = await database.rows<{
      email: string;
      first: string;
      last: string;
      country: string;
      tags: string;
    }>(`
      SELECT Email AS email, coalesce(FirstName, '') AS first, coalesce(LastName, '') AS last,
        coalesce(Country, '') AS country, string_agg(Segment, ',' ORDER BY Segment) AS tags
      FROM ${readCsv(profilesFile)} profile JOIN ${readCsv(membershipFile)} membership USING (CustomerId)
      WHERE Email IS NOT NULL GROUP BY CustomerId, Email, FirstName, LastName, Country ORDER BY CustomerId`);
    return found.map(({ email, first, last, country, tags }) => ({
      email_address: email,
      status_if_new: 'subscribed',
      merge_fields: { FNAME: first, LNAME: last, COUNTRY: country },
      tags: tags.split(','),
    }));
  } finally {
    await database.close();
  }
}

/** Path of a member below the list. */
export function memberPath(listId: string, address: string): string {
  return `/lists/${listId}/members/${createHash('md5').update(address.trim().toLowerCase()).digest('hex')}`;
}
