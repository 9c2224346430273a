import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AUDIENCE_SEED } from '../support/stage';
import { openScene, type Scene } from './scene';

describe('account check', () => {
  let scene: Scene;

  beforeEach(async () => {
    const member = { email_address: 'a@mail.chinook.org', status: 'subscribed' as const };
    const born = { tag: 'BORN', name: 'Born', type: 'birthday' as const, required: true };
    scene = await openScene({
      sandbox: {
        audiences: [
          {
            ...AUDIENCE_SEED,
            doubleOptin: true,
            mergeFields: [...AUDIENCE_SEED.mergeFields, born],
            members: [member],
          },
          { id: '2a2b3c4d5e', name: 'Second' },
        ],
      },
    });
  });

  afterEach(async () => {
    await scene.close();
  });

  test('shows role, account and audiences, and with --audience its merge fields', async () => {
    expect(await scene.cli('account check')).toEqual({
      code: 0,
      errors: '',
      output: expect.stringMatching(
        /^Account {2}main: Sandbox \(\w+\)\nRole {5}owner\nAccess {3}API key, env:\w+\n\nAUDIENCE +NAME +SUBSCRIBED +DOUBLE OPT-IN\nc417f00d5e +Newsletter +1 +on\n2a2b3c4d5e +Second +0 +off\n$/,
      ),
    });
    const { output } = await scene.cli('account check main --audience c417f00d5e');
    expect(output).toContain('Audience       Newsletter (c417f00d5e)\nDouble opt-in  on\n');
    expect(output).toMatch(
      /MERGE FIELD +NAME +TYPE +REQUIRED\nFNAME +First Name +text +no\n[^]*BORN +Born +birthday +yes\n$/,
    );
    const { document } = await scene.cliJson('account check --audience c417f00d5e');
    expect(document).toMatchObject({
      account: 'main',
      role: 'owner',
      audiences: [{ id: 'c417f00d5e', subscribed: 1, doubleOptin: true }, { id: '2a2b3c4d5e' }],
      audience: { doubleOptin: true, mergeFields: [{}, {}, {}, { tag: 'BORN', required: true }] },
    });
  });

  test('only reads, and needs no Temporal', async () => {
    await scene.cli('account check --audience c417f00d5e --address 127.0.0.1:1');
    expect(scene.sandbox.requests().map(({ method, status }) => ({ method, status }))).toEqual(
      scene.sandbox.requests().map(() => ({ method: 'GET', status: 200 })),
    );
    expect(scene.sandbox.requests().length).toBeGreaterThan(2);
  });

  test('exits with 1 when the user may not write contacts', async () => {
    scene.sandbox.control.set({ switches: { role: 'viewer' } });
    const { code, output, errors } = await scene.cli('account check');
    expect({ code, errors }).toEqual({ code: 1, errors: expect.stringMatching(/^ROLE_TOO_LOW: .*"viewer"/) });
    expect(output).toContain('Role     viewer');
  });

  test.each(['429', '500', 'reset'])('speaks of no worker and no later retry: %s', async (fault) => {
    scene.sandbox.fail(`${fault} always on GET /`);
    const { code, errors } = await scene.cli('account check');
    expect(code).toBe(1);
    expect(errors).toMatch(/^MAILCHIMP_/);
    expect(errors).not.toMatch(/worker|retried/);
  });

  test('says what is wrong with account, secret, key or audience', async () => {
    expect((await scene.cli('account check other')).errors).toMatch(/^ACCOUNT_NOT_FOUND: .*"other"/);
    expect((await scene.cli('account check mian')).errors).toContain('Did you mean "main"?');
    expect((await scene.cli('account check --audience ffffffffff')).errors).toMatch(/^AUDIENCE_NOT_FOUND: /);
    scene.sandbox.control.set({ switches: { keysRevoked: true } });
    expect(await scene.cli('account check')).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^KEY_/),
    });
    const { main } = scene.config.accounts;
    await scene.writeConfig({ accounts: { main, second: { ...main, apiKey: 'env:ACCOUNT_NOT_SET' } } });
    expect((await scene.cli('account check')).errors).toContain('several accounts; name one: main, second.');
    expect((await scene.cli('account check second')).errors).toMatch(
      /^SECRET_UNAVAILABLE: .* not set in this environment\./,
    );
  });
});
