import type { Account } from './model/account';
import type { AccountSeed, AudienceSeed, MemberSeed, MergeFieldSeed, SandboxOptions } from './options';
import type { World } from './world';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { defaultOptions } from './api/merge-field-routes';
import { Audience } from './model/audience';
import { md5, subscriberHash } from './model/hash';
import { interestId } from './model/interest';
import { MEMBER_STATUSES } from './model/member';
import { writeMergeValues } from './model/merge-values';
import { BatchPace, DirectPace } from './pace';
import { DEFAULT_API_KEY, DEFAULT_AUDIENCE_ID } from './settings';

const DEFAULT_AUDIENCE: AudienceSeed = { id: DEFAULT_AUDIENCE_ID, name: 'Sandbox audience' };

const DEFAULT_FIELDS: readonly MergeFieldSeed[] = [
  { tag: 'FNAME', name: 'First Name', type: 'text' },
  { tag: 'LNAME', name: 'Last Name', type: 'text' },
  { tag: 'ADDRESS', name: 'Address', type: 'address' },
  { tag: 'PHONE', name: 'Phone Number', type: 'phone' },
];

/** Creates the accounts, without audiences. @throws Error for an invalid key */
export function createAccounts(world: World, options: SandboxOptions): void {
  for (const seed of accountSeeds(options)) world.accounts.push(accountOf(seed));
}

/**
 * Creates the audiences and members of the options, where an audience is not there already: then only merge fields and groups are added.
 * @returns whether the first account got anything
 * @throws Error for an invalid audience or member
 */
export async function seedAudiences(world: World, options: SandboxOptions): Promise<boolean> {
  let isChanged = false;
  for (const [place, { audiences = [] }] of accountSeeds(options).entries()) {
    for (const seed of audiences) {
      const { audiences: known } = world.accounts[place]!;
      const audience = known.get(seed.id);
      if (!audience) known.set(seed.id, await audienceOf(world, seed));
      const isNew = audience ? addMissing(audience, seed) : true;
      isChanged ||= isNew && place === 0;
    }
  }
  return isChanged;
}

function accountSeeds({ apiKey = DEFAULT_API_KEY, audiences, accounts = [] }: SandboxOptions): AccountSeed[] {
  return [{ apiKeys: [apiKey], audiences: audiences ?? [DEFAULT_AUDIENCE] }, ...accounts];
}

function accountOf(seed: AccountSeed): Account {
  const [key] = seed.apiKeys;
  const dc = key?.split('-')[1];
  if (!key || !dc) throw new Error("sandbox: an API key must end in '-' and its data centre, such as '-us1'");
  return {
    id: md5(key).slice(0, 24),
    name: seed.name ?? 'Sandbox',
    dc,
    apiKeys: seed.apiKeys,
    tokens: new Set(),
    audiences: new Map(),
    batches: new Map(),
    running: 0,
    batchPace: new BatchPace(),
    directPace: new DirectPace(),
    journal: undefined,
    inFlight: 0,
    maxConcurrent: 0,
  };
}

// Far enough apart that the member ids of two audiences do not overlap.
const FIRST_WEB_ID = 400_000_000;
const WEB_IDS = 30_000_000;

function nextWebId(world: World): number {
  const used = world.accounts.flatMap(({ audiences }) =>
    Array.from(audiences.values(), ({ profile }) => profile.webId + WEB_IDS),
  );
  return Math.max(FIRST_WEB_ID, ...used);
}

async function audienceOf(world: World, seed: AudienceSeed): Promise<Audience> {
  const audience = new Audience({
    id: seed.id,
    name: seed.name,
    webId: nextWebId(world),
    doubleOptin: seed.doubleOptin ?? false,
    emailTypeOption: seed.emailTypeOption ?? false,
    marketingPermissions: seed.marketingPermissions ?? false,
    createdAt: world.seconds(),
  });
  addMissingFields(audience, seed);
  addMissingGroups(audience, seed);
  for (const member of seed.members ?? []) addMember(world, audience, member);
  if (seed.membersFile !== undefined) await readMembers(world, audience, seed.membersFile);
  return audience;
}

function addMissingFields(audience: Audience, seed: AudienceSeed): boolean {
  const missing = (seed.mergeFields ?? DEFAULT_FIELDS).filter(({ tag }) =>
    audience.mergeFields.every((field) => field.tag !== tag),
  );
  for (const field of missing)
    audience.addMergeField({
      ...field,
      required: field.required ?? false,
      defaultValue: '',
      public: true,
      displayOrder: audience.mergeFields.length + 2,
      helpText: '',
      options: { ...defaultOptions(field.type), ...field.options },
    });
  return missing.length > 0;
}

function addMissing(audience: Audience, seed: AudienceSeed): boolean {
  const hasFields = addMissingFields(audience, seed);
  return addMissingGroups(audience, seed) || hasFields;
}

function addMissingGroups(audience: Audience, { groups = {} }: AudienceSeed): boolean {
  let isChanged = false;
  for (const [title, names] of Object.entries(groups)) {
    const id = interestId(audience.profile.id, title);
    const known = audience.interestCategories.find((category) => category.id === id)?.interests ?? [];
    const missing = names.filter((name) => known.every((interest) => interest.name !== name));
    if (missing.length === 0) continue;
    const added = missing.map((name) => ({ id: interestId(id, name), name }));
    audience.setCategory(id, { id, title, type: 'checkboxes', interests: [...known, ...added] });
    isChanged = true;
  }
  return isChanged;
}

async function readMembers(world: World, audience: Audience, file: string): Promise<void> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (number === 1 && line.trimStart().startsWith('[')) return readArray(world, audience, file);
    if (line.trim() === '') continue;
    addMember(world, audience, parsedLine(line, `${file}, line ${number}`));
  }
}

async function readArray(world: World, audience: Audience, file: string): Promise<void> {
  const members = JSON.parse(await readFile(file, 'utf8')) as MemberSeed[];
  for (const member of members) addMember(world, audience, member);
}

function parsedLine(line: string, where: string): MemberSeed {
  try {
    return JSON.parse(line) as MemberSeed;
  } catch {
    throw new Error(`sandbox: ${where} is not JSON`);
  }
}

function addMember(world: World, audience: Audience, seed: MemberSeed): void {
  const { email_address: email, status } = seed;
  if (typeof email !== 'string' || !MEMBER_STATUSES.includes(status))
    throw new Error(
      `sandbox: a seeded member needs email_address and one status of ${MEMBER_STATUSES.join(', ')}`,
    );
  const key = subscriberHash(email);
  if (audience.byKey(key))
    throw new Error(`sandbox: an address is seeded twice in the audience ${audience.profile.id}`);
  const now = world.seconds();
  const { values } = writeMergeValues({
    fields: audience.mergeFields,
    given: seed.merge_fields,
    before: [],
    validate: false,
    requireValues: false,
  });
  let tags = audience.tagSets.empty;
  for (const name of seed.tags ?? []) tags = audience.tagSets.with(tags, audience.tagOrNew(name, now).id);
  const optedOut = (seed.unsubscribed_by ?? (status === 'unsubscribed' ? 'contact' : 'api')) === 'contact';
  audience.add({
    key,
    email: email.trim(),
    status,
    locked: optedOut || status === 'cleaned',
    plainText: false,
    values,
    tags,
    lastChanged: now,
    addedAt: now,
    // Others have been subscribed once.
    optedInAt: status === 'pending' || status === 'transactional' ? 0 : now,
    extra: undefined,
  });
}
