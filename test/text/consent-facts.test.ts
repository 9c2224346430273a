import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { consentFacts } from '../../src/text/consent-facts';
import { AUDIENCE, AUDIENCE_SEED, person } from '../support/stage';
import { openScene, startWorker, type Scene } from '../cli/scene';

describe('connecting to an audience with double opt-in', () => {
  let scene: Scene;
  let stopWorker: () => Promise<void>;

  beforeEach(async () => {
    scene = await openScene({ sandbox: { audiences: [{ ...AUDIENCE_SEED, doubleOptin: true }] } });
    stopWorker = await startWorker(scene);
  });

  afterEach(async () => {
    await stopWorker();
    await scene.close();
  });

  const connect = (status: string, more = '') =>
    `destination connect ${scene.destinationId} --status-if-new ${status} --agree --as Kim${more}`;

  test('as "subscribed" asks where consent was proven, proposes "pending", and keeps the proof with the consent', async () => {
    const refused = await scene.cliJson(connect('subscribed'));
    expect(refused.document).toMatchObject({
      error: { code: 'CONSENT_PROOF_REQUIRED', message: expect.stringContaining('Connect with "pending"') },
    });
    const proof = 'Confirmed-in-our-shop-since-2019';
    const { code } = await scene.cli(connect('subscribed', ` --consent-proof ${proof}`));
    expect(code).toBe(0);
    const { output } = await scene.cli(`destination show ${scene.destinationId}`);
    expect(output).toMatch(/Double opt-in +on: its own forms ask new contacts to confirm/);
    expect(output).toContain(`proven: ${proof}`);
    const { document } = await scene.cliJson(`destination show ${scene.destinationId}`);
    expect(document).toMatchObject({
      consent: { agreedBy: 'Kim', proof },
      consentFacts: [{ kind: 'note', code: 'CONFIRMATION_PROVEN' }],
    });
    // Its status was proven: to connect it again needs no second proof, and a new one replaces it.
    expect((await scene.cli(connect('subscribed'))).code).toBe(0);
    const other = 'Signed-at-the-fair-of-2026';
    await scene.cli(
      `destination connect ${scene.destinationId} --status-if-new subscribed --consent-proof ${other}`,
    );
    const again = await scene.cliJson(`destination show ${scene.destinationId}`);
    expect(again.document).toMatchObject({ consent: { agreedBy: 'Kim', proof: other } });
  });

  test('refuses a proof that is no sentence', async () => {
    const refused = await scene.cliJson(connect('subscribed', ' --consent-proof yes'));
    expect(refused.document).toMatchObject({ error: { code: 'INPUT_INVALID' } });
  });

  test('explains "pending", without a warning', async () => {
    const { output } = await scene.cli(connect('pending'));
    expect(output).toContain('Mailchimp sends every new contact a confirmation mail');
    expect(output).not.toContain('Warning');
  });
});

test('a destination that was connected before a proof was asked for has a warning', () => {
  const audience = { id: '1a2b3c4d5e', name: 'News', doubleOptin: true };
  expect(consentFacts('subscribed', audience)).toMatchObject([
    { kind: 'warning', code: 'SKIPS_CONFIRMATION', message: expect.stringContaining('No proof') },
  ]);
  expect(consentFacts('subscribed', { ...audience, doubleOptin: false })).toMatchObject([
    { code: 'NO_CONFIRMATION_MAIL' },
  ]);
});

describe('connecting to an audience with marketing permissions', () => {
  let scene: Scene;
  let stopWorker: () => Promise<void>;

  beforeEach(async () => {
    scene = await openScene({ sandbox: { audiences: [{ ...AUDIENCE_SEED, marketingPermissions: true }] } });
    stopWorker = await startWorker(scene);
  });

  afterEach(async () => {
    await stopWorker();
    await scene.close();
  });

  interface Permissions {
    readonly marketing_permissions: readonly {
      readonly marketing_permission_id: string;
      readonly enabled: boolean;
    }[];
  }

  const member = async (email: string, body?: object): Promise<Permissions> => {
    const hash = createHash('md5').update(email).digest('hex');
    const reply = await fetch(`${scene.sandbox.url}/lists/${AUDIENCE}/members/${hash}`, {
      method: body ? 'PUT' : 'GET',
      headers: { authorization: `Bearer ${scene.sandbox.apiKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return (await reply.json()) as Permissions;
  };

  test('says that an export sends none of them, and leaves those that a person has given', async () => {
    const { destinationId: name } = scene;
    const { email } = person(1);
    const [first] = (await member(email, { email_address: email, status: 'subscribed' }))
      .marketing_permissions;
    const given = { marketing_permission_id: first!.marketing_permission_id, enabled: true };
    await member(email, { marketing_permissions: [given] });

    expect((await scene.cli('account check main --audience c417f00d5e')).output).toMatch(
      /Marketing permissions +on: exports send none of them/,
    );
    const connected = await scene.cliJson(`destination connect ${name} --agree --as Kim`);
    expect(connected.document).toMatchObject({
      consentFacts: [{ code: 'NO_CONFIRMATION_MAIL' }, { code: 'WITHOUT_MARKETING_PERMISSIONS' }],
    });
    await scene.cli(`destination configure ${name}`);
    expect((await scene.cli(`destination show ${name}`)).output).toContain(
      'Warning: The audience has marketing permissions (GDPR fields).',
    );
    expect((await scene.cli(`export start ${name}`)).code).toBe(0);
    const enabledOf = async (address: string) =>
      (await member(address)).marketing_permissions.filter(({ enabled }) => enabled).length;
    expect(await enabledOf(email)).toBe(1);
    expect(await enabledOf(person(2).email)).toBe(0);
  });
});
