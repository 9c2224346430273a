import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
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

/** Input of a demo, copied to where it may be changed. */
export interface Setting {
  readonly profilesFile: string;
  readonly columns: Columns;
  /** The `sources` section of a configuration file. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Segment id: tag name. */
  readonly segments: Readonly<Record<string, string | null>>;
  /** Other tools have people and tags in the audience, one of them with the name of a tag of ours. */
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
  const { parse } = await import('yaml');
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

/** Generated, realistically dirty profiles with ten overlapping segments; the same for the same number. */
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

export interface Addresses {
  readonly temporal: string;
  readonly mailchimp: string;
}

/** Writes the configuration file that a user would write, so that the CLI can be pointed at a demo that was kept. */
export async function writeConfig(folder: string, setting: Setting, addresses: Addresses): Promise<string> {
  const path = join(folder, 'temporal-mailchimp.yaml');
  const { firstName, lastName, country, email } = setting.columns;
  const config = {
    temporal: { address: addresses.temporal },
    staging: { folder: 'staging' },
    accounts: { sandbox: { apiKey: 'env:MAILCHIMP_API_KEY', baseUrl: addresses.mailchimp } },
    sources: { customers: setting.source },
    destinations: {
      [DESTINATION]: {
        connect: {
          name: 'Newsletter',
          account: 'sandbox',
          audienceId: AUDIENCE_ID,
          source: 'customers',
          firstStatus: 'subscribed',
        },
        configure: {
          email,
          fields: { FNAME: firstName, LNAME: lastName, COUNTRY: country },
          segments: setting.segments,
          adoptTags: setting.isShared,
        },
      },
    },
  };
  await writeFile(path, stringify(config));
  return path;
}
