import { Interrupted } from '../../shell/terminal';
import { WentBack } from '../../shell/prompts';
import { describeDifference } from '../../text/difference';
import { toned, type Page } from '../../text/page';
import { pairs } from '../../text/table';
import { planWarning } from '../check-matching';
import { fileWith } from '../edits';
import type { Draft, Setup, Step } from '../setup';

/** The file may be long. */
const LINES_AROUND = 2;

/** Shows what becomes of the file and of the destination. Until it is confirmed, nothing is written anywhere. */
export const save: Step = {
  title: 'Save',
  answer: async (setup, draft) => {
    const { options, prompts, invocation } = setup;
    const text = fileWith(setup, draft);
    if (!prompts || options.yes) return draft;
    const page = invocation.terminal.page('err');
    invocation.terminal.err(`\n${describeDraft(setup, draft, page)}\n\n${describeFile(setup, text, page)}`);
    const choice = await prompts.choose({
      message: 'Save',
      choices: [
        { value: 'save', label: options.fileOnly ? 'Save the file' : 'Save, and connect the destination' },
        { value: 'back', label: 'Go back' },
        { value: 'cancel', label: 'Cancel', hint: 'nothing is changed' },
      ],
      initial: 'save',
    });
    if (choice === 'back') throw new WentBack();
    if (choice === 'cancel') throw new Interrupted('Nothing was changed.');
    return draft;
  },
  summary: () => [],
};

function describeDraft({ steps }: Setup, draft: Draft, page: Page): string {
  const rows = steps.flatMap(({ summary }) => summary(draft));
  const warning = planWarning(draft);
  return [
    pairs(rows, page),
    ...(warning === undefined ? [] : [toned(page, 'warning', `Warning: ${warning}`)]),
  ].join('\n\n');
}

function describeFile({ file }: Setup, text: string, page: Page): string {
  if (text === file.text) return `${file.path} stays as it is.`;
  const difference = describeDifference({ before: file.text, after: text }, page, LINES_AROUND);
  return `${file.path}:\n\n${difference}`;
}
