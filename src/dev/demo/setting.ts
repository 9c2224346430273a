import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { generateProfiles } from '../profiles';

export const AUDIENCE_ID = 'c417f00d5e';
export const DESTINATION = 'newsletter';

/** Columns of the profiles that the demo matches and changes. */
interface Columns {
  readonly key: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly country: string;
}

/** Input of a demo, copied to a folder in which it may be changed. */
export interface Setting {
  readonly profilesFile: string;
  readonly columns: Columns;
  /** The `sources` section of a configuration file. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Segment id: tag name. */
  readonly segments: Readonly<Record<string, string | null>>;
  /** Whether other tools have members and tags in the audience, one of them with the name of a tag of the destination. */
  readonly isShared: boolean;
}

const COLUMNS: Columns = {
  key: 'CustomerId',
  email: 'Email',
  firstName: 'FirstName',
  lastName: 'LastName',
  country: 'Country',
};

/** Shipped with the package, beside `dist`. */
const EXAMPLE = resolve(__dirname, '../../../examples/chinook');

/** The 59 customers of the Chinook sample database, with three segments made from their invoices. */
export async function chinookSetting(folder: string): Promise<Setting> {
  await cp(join(EXAMPLE, 'data'), join(folder, 'data'), { recursive: true });
  const example = parse(await readFile(join(EXAMPLE, 'temporal-mailchimp.yaml'), 'utf8')) as {
    sources: Record<string, { segments: Record<string, unknown> }>;
    destinations: Record<string, { configure: { segments: Record<string, string | null> } }>;
  };
  const source = Object.values(example.sources)[0]!;
  const destination = Object.values(example.destinations)[0]!;
  return {
    profilesFile: join(folder, 'data/customers.csv'),
    columns: COLUMNS,
    source,
    segments: destination.configure.segments,
    isShared: true,
  };
}

/** Generated, realistically dirty profiles with ten overlapping segments; the same files for the same number. */
export async function generatedSetting(folder: string, profiles: number): Promise<Setting> {
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  const { profilesFile, membershipFile, segments } = await generateProfiles({
    profiles,
    seed: 1,
    folder: data,
  });
  const members = { path: membershipFile, key: 'CustomerId', segment: 'Segment' };
  return {
    profilesFile,
    columns: COLUMNS,
    source: {
      kind: 'files',
      profiles: { path: profilesFile, key: 'CustomerId' },
      segments: Object.fromEntries(segments.map((segment) => [segment, { members }])),
    },
    segments: Object.fromEntries(segments.map((segment) => [segment, null])),
    isShared: false,
  };
}

/** Merge fields of the audience, which the destination matches. */
export const MERGE_FIELDS = [
  { tag: 'FNAME', name: 'First Name', type: 'text' },
  { tag: 'LNAME', name: 'Last Name', type: 'text' },
  { tag: 'COUNTRY', name: 'Country', type: 'text' },
] as const;

/** How the destination is connected and configured, as in a configuration file. */
export function destinationSettings({ columns, segments, isShared }: Setting) {
  const { email, firstName, lastName, country } = columns;
  return {
    connect: {
      name: 'Newsletter',
      account: 'sandbox',
      audienceId: AUDIENCE_ID,
      source: 'customers',
      statusIfNew: 'subscribed',
    },
    configure: {
      email,
      fields: { FNAME: firstName, LNAME: lastName, COUNTRY: country },
      segments,
      adoptTags: isShared,
    },
  } as const;
}

export interface Addresses {
  readonly temporal: string;
  readonly mailchimp: string;
  /** Simultaneous connections to Mailchimp. Default: the default of the configuration. */
  readonly connections?: number;
}

/** Writes a configuration file like a user's, so that CLI commands work on a demo that keeps running. */
export async function writeConfig(folder: string, setting: Setting, addresses: Addresses): Promise<string> {
  const path = join(folder, 'temporal-mailchimp.yaml');
  const { temporal, mailchimp, connections } = addresses;
  const account = { apiKey: 'env:MAILCHIMP_API_KEY', baseUrl: mailchimp };
  const config = {
    temporal: { address: temporal },
    staging: { folder: 'staging' },
    accounts: { sandbox: { ...account, ...(connections !== undefined && { connections }) } },
    sources: { customers: setting.source },
    destinations: { [DESTINATION]: destinationSettings(setting) },
  };
  await writeFile(path, stringify(config));
  return path;
}
