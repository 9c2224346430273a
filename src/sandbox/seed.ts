import type { Account } from './model/account';
import type { AccountSeed, AudienceSeed, MemberSeed, MergeFieldSeed, SandboxOptions } from './options';
import type { World } from './world';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { defaultOptions } from './api/merge-field-routes';
import { Audience } from './model/audience';
import { md5, subscriberHash } from './model/hash';
import { MEMBER_STATUSES } from './model/member';
import { writeMergeValues } from './model/merge-values';
import { BatchPace, DirectPace } from './pace';
import { DEFAULT_API_KEY } from './settings';

const DEFAULT_AUDIENCE: AudienceSeed = { id: 'a1b2c3d4e5', name: 'Sandbox audience' };

const DEFAULT_FIELDS: readonly MergeFieldSeed[] = [
  { tag: 'FNAME', name: 'First Name', type: 'text' },
  { tag: 'LNAME', name: 'Last Name', type: 'text' },
  { tag: 'ADDRESS', name: 'Address', type: 'address' },
  { tag: 'PHONE', name: 'Phone Number', type: 'phone' },
];

/** Creates the accounts, audiences and members of the options. @throws Error for an invalid key, audience or member */
export async function seedWorld(world: World, options: SandboxOptions): Promise<void> {
  const first: AccountSeed = {
    apiKeys: [options.apiKey ?? DEFAULT_API_KEY],
    audiences: options.audiences ?? [DEFAULT_AUDIENCE],
  };
  for (const seed of [first, ...(options.accounts ?? [])]) world.accounts.push(await accountOf(world, seed));
}

async function accountOf(world: World, seed: AccountSeed): Promise<Account> {
  const [key] = seed.apiKeys;
  const dc = key?.split('-')[1];
  if (!key || !dc) throw new Error("sandbox: an API key must end in '-' and its data centre, such as '-us1'");
  const account: Account = {
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
    inFlight: 0,
    maxConcurrent: 0,
  };
  for (const audience of seed.audiences ?? [])
    account.audiences.set(audience.id, await audienceOf(world, audience));
  return account;
}

async function audienceOf(world: World, seed: AudienceSeed): Promise<Audience> {
  const audience = new Audience({
    id: seed.id,
    name: seed.name,
    // Far enough apart that the member ids of two audiences do not overlap.
    webId: 400_000_000 + world.audiences++ * 30_000_000,
    doubleOptin: seed.doubleOptin ?? false,
    emailTypeOption: seed.emailTypeOption ?? false,
    marketingPermissions: seed.marketingPermissions ?? false,
    createdAt: world.seconds(),
  });
  for (const [place, field] of (seed.mergeFields ?? DEFAULT_FIELDS).entries())
    audience.addMergeField({
      ...field,
      required: field.required ?? false,
      defaultValue: '',
      public: true,
      displayOrder: place + 2,
      helpText: '',
      options: { ...defaultOptions(field.type), ...field.options },
    });
  for (const member of seed.members ?? []) addMember(world, audience, member);
  if (seed.membersFile !== undefined) await readMembers(world, audience, seed.membersFile);
  return audience;
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
    extra: undefined,
  });
}
