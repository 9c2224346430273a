import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openScene, startConfigured, type Scene } from './scene';

let scene: Scene;
let stopWorker: () => Promise<void>;

beforeEach(async () => {
  scene = await openScene();
  stopWorker = await startConfigured(scene);
});

afterEach(async () => {
  await stopWorker();
  await scene.close();
});

test('consent is withdrawn after a question, and given again; show has the history', async () => {
  const { destinationId: name } = scene;
  const withdraw = `destination withdraw-consent ${name} --as "Kim Data" --reason "Under review"`;
  expect(await scene.cli(withdraw)).toMatchObject({ code: 2, errors: expect.stringContaining('--yes') });
  expect(await scene.cli(withdraw, { answers: ['no'] })).toMatchObject({
    code: 1,
    errors: expect.stringContaining('Nothing was changed.'),
  });
  const { output } = await scene.cli(withdraw, { answers: ['y'] });
  expect(output).toContain(`Consent for "${name}" is withdrawn: nothing is exported from now on`);
  expect(output).toContain(`To give it again: ${scene.program} destination give-consent ${name}\n`);

  const refused = await scene.cli(`export start ${name}`);
  expect(refused).toMatchObject({ code: 1, errors: expect.stringMatching(/^CONSENT_WITHDRAWN: /) });
  expect((await scene.cli(`destination show ${name}`)).output).toMatch(
    /Consent +Kim, .*, statement \S+\n +withdrawn by Kim Data, .* UTC: Under review\n/,
  );

  expect((await scene.cli(`destination give-consent ${name}`)).errors).toMatch(
    /^CONSENT_REQUIRED: Nothing was changed: the consent was withdrawn\./,
  );
  const given = await scene.cli(`destination give-consent ${name} --agree --as Ada`);
  expect(given.output).toBe(
    `Consent for "${name}" is given by Ada.\nNext: ${scene.program} export start ${name}\n`,
  );
  expect((await scene.cli(`destination give-consent ${name}`)).output).toMatch(
    /has consent already: Ada, .*Nothing was changed\.\n$/,
  );
  expect((await scene.cli(`destination show ${name}`)).output).toMatch(
    /Consent +Ada, .*\nBefore +withdrawn by Kim Data, .* UTC: Under review\n +agreed by Kim, .*\n/,
  );
  expect(await scene.cli(`export start ${name}`)).toMatchObject({ code: 0 });
});
