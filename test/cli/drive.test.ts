import { expect, test } from '@jest/globals';
import { drive } from '../../src/cli/setup/drive';
import type { Draft, Setup, Step } from '../../src/cli/setup/setup';
import { ExportError } from '../../src/errors';
import { scriptedPrompts } from './scripted-prompts';

/** Asks for the audience. */
const ASKS: Step = {
  title: 'Audience',
  answer: async ({ prompts }, draft) => ({
    ...draft,
    audienceId: await prompts!.text({ message: 'Audience' }),
  }),
  summary: () => [],
};

/** Takes its answer from a flag, which fits one audience only. */
const BY_FLAG: Step = {
  title: 'Fields',
  answer: async (_, draft) => {
    if (draft.audienceId === 'good') return draft;
    throw new ExportError('MERGE_FIELD_NOT_FOUND', 'The audience has no merge field NICK.');
  },
  summary: () => [],
};

async function run(answers: readonly string[]): Promise<{ draft: Draft; said: string }> {
  const said: string[] = [];
  const left = answers.values();
  const ask = () => {
    const next = left.next();
    if (next.done) throw new Error('it asks more often than there are answers');
    return next.value;
  };
  const prompts = scriptedPrompts(ask, () => undefined);
  const terminal = { err: (line: string) => said.push(line) };
  const setup = { prompts, invocation: { terminal } } as unknown as Setup;
  const draft = await drive([ASKS, BY_FLAG], setup);
  return { draft, said: said.join('\n') };
}

test('an answer that does not fit a flag is asked for again', async () => {
  const { draft, said } = await run(['bad', 'good']);
  expect(draft.audienceId).toBe('good');
  expect(said).toContain('MERGE_FIELD_NOT_FOUND: The audience has no merge field NICK.');
});

test('a wrong flag ends the setup with its error, in place of asking in a circle', async () => {
  await expect(run(['bad', 'bad'])).rejects.toMatchObject({ code: 'MERGE_FIELD_NOT_FOUND' });
});
