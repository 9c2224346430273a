import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readRows, type Row } from '../../bench/others/rows';
import { reconcile } from '../../bench/reconcile';
import { SandboxControl } from '../../bench/sandbox-control';
import { AUDIENCE_ID, generatedSetting, MERGE_FIELDS, type Setting } from '../../src/dev/demo/setting';
import { startSandbox, type Act, type Sandbox } from '../../src/sandbox';

const PROFILES = 2000;
const CLEAN = /^[a-z0-9.]+@[a-z-]+(\.[a-z]+)+$/;

let folder: string;
let setting: Setting;
let sandbox: Sandbox;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reconcile-'));
  setting = await generatedSetting(folder, PROFILES);
  sandbox = await startSandbox({
    audiences: [{ id: AUDIENCE_ID, name: 'Newsletter', mergeFields: MERGE_FIELDS }],
  });
  await subscribe(await contactsOf(setting));
});
afterAll(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

/** One row per contact, put together here: the first row of an address wins, and the tags are those of all. */
async function contactsOf({ profilesFile }: Setting): Promise<Row[]> {
  const rows = await readRows(folder, { profilesFile, membershipFile: join(folder, 'data/memberships.csv') });
  const contacts = new Map<string, Row>();
  for (const row of rows) {
    const address = row.email_address.trim().toLowerCase();
    if (!CLEAN.test(address) || address.includes('..')) continue;
    const known = contacts.get(address);
    const tags = [...new Set([...(known?.tags ?? []), ...row.tags])];
    contacts.set(address, { ...(known ?? row), tags });
  }
  return [...contacts.values()];
}

async function subscribe(contacts: readonly Row[]): Promise<void> {
  for (let start = 0; start < contacts.length; start += 500) {
    const body = JSON.stringify({ members: contacts.slice(start, start + 500), update_existing: true });
    const headers = { authorization: `Bearer ${sandbox.apiKey}` };
    await fetch(`${sandbox.url}/lists/${AUDIENCE_ID}`, { method: 'POST', headers, body });
  }
}

const compare = (departed = 0): Promise<number> =>
  reconcile({ folder, setting, sandbox: new SandboxControl(sandbox.url) }, departed);

function anyMember(): string {
  const [member] = sandbox.members(AUDIENCE_ID, { tag: 'app-users' });
  return member!.email;
}

const act = (action: Omit<Act, 'audience'>): void =>
  sandbox.control.act({ audience: AUDIENCE_ID, ...action });

test('an audience that is what the source says passes, with its number of contacts', async () => {
  expect(await compare()).toBe([...sandbox.members(AUDIENCE_ID)].length);
});

test('one tag too few, one opt-out, one other name: each is found', async () => {
  const email = anyMember();
  act({ email, action: 'untag', tag: 'app-users' });
  await expect(compare()).rejects.toThrow('"wrongTags":1');
  act({ email, action: 'tag', tag: 'app-users' });
  act({ email, action: 'edit', mergeFields: { FNAME: 'Other' } });
  await expect(compare()).rejects.toThrow('"wrongFields":1');
  act({ email, action: 'unsubscribe' });
  await expect(compare()).rejects.toThrow('"wrongStatus":1');
});

test('a missing member and an unknown member with a tag are found', async () => {
  act({ email: anyMember(), action: 'delete-permanent' });
  await expect(compare()).rejects.toThrow('"missing":1');
  act({ email: 'stranger@oakridgehomes.us', action: 'subscribe' });
  act({ email: 'stranger@oakridgehomes.us', action: 'tag', tag: 'vip' });
  await expect(compare(1)).rejects.toThrow('"strangers":1');
});
