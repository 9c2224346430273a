import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { destinationWorkflowId } from '../../src/contract/identifiers';
import { AUDIENCE_SEED } from '../support/stage';
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

  const connect = (status: string) =>
    `destination connect ${scene.destinationId} --status-if-new ${status} --agree --as Kim`;

  test('warns that "subscribed" skips the confirmation: as text, as JSON, when shown, in the Web UI', async () => {
    const { code, output } = await scene.cli(connect('subscribed'));
    expect(code).toBe(0);
    for (const text of [output, (await scene.cli(`destination show ${scene.destinationId}`)).output]) {
      expect(text).toMatch(/Double opt-in +on: its own forms ask new contacts to confirm/);
      expect(text).toContain('Warning: The audience has double opt-in');
      expect(text).toContain('Status if new "subscribed" skips that');
    }
    const { document } = await scene.cliJson(connect('subscribed'));
    expect(document).toMatchObject({
      audience: { doubleOptin: true },
      consentFacts: [{ kind: 'warning', code: 'SKIPS_CONFIRMATION' }],
    });
    const { details } = await webPage();
    expect(details).toContain('Status if new "subscribed" skips that');
  });

  test('explains "pending", without a warning', async () => {
    const { output } = await scene.cli(connect('pending'));
    expect(output).toContain('Mailchimp sends every new contact a confirmation mail');
    expect(output).not.toContain('Warning');
  });

  const webPage = async () => {
    const handle = scene.temporal.workflow.getHandle(destinationWorkflowId(scene.destinationId));
    const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    return { details: metadata.currentDetails ?? '' };
  };
});
