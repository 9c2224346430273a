import type { Key } from 'node:readline';
import type * as ClackCore from '@clack/core';
import type * as Clack from '@clack/prompts';
import { printable } from '../text/printable';
import { WentBack, type Choice, type ChoiceQuestion, type Prompts, type SeveralQuestion } from './prompts';
import { Interrupted } from './terminal';

interface Libraries {
  readonly clack: typeof Clack;
  readonly core: typeof ClackCore;
}

/** Standard output has only results. */
const STREAMS = { input: process.stdin, output: process.stderr };

/** Prompts on the terminal of this process. Loads their library. */
export async function openTerminalPrompts(): Promise<Prompts> {
  const [clack, core] = await Promise.all([import('@clack/prompts'), import('@clack/core')]);
  const libraries = { clack, core };
  return {
    text: ({ message, initial, check }) =>
      ask<string>(libraries, () =>
        clack.text({
          ...STREAMS,
          message: printable(message),
          ...(initial !== undefined && { initialValue: initial }),
          validate: (answer) => check?.((answer ?? '').trim()),
        }),
      ).then((answer) => answer.trim()),
    secret: ({ message, check }) =>
      ask<string>(libraries, () =>
        clack.password({
          ...STREAMS,
          message: printable(message),
          validate: (answer) => check?.((answer ?? '').trim()),
        }),
      ).then((answer) => answer.trim()),
    confirm: ({ message, initial }) =>
      ask(libraries, () => clack.confirm({ ...STREAMS, message: printable(message), initialValue: initial })),
    choose: <Value extends string>({ message, choices, initial }: ChoiceQuestion<Value>) =>
      ask<Value>(libraries, () =>
        clack.select<string>({
          ...STREAMS,
          message: printable(message),
          options: choices.map(printableChoice),
          ...(initial !== undefined && { initialValue: initial }),
        }),
      ),
    chooseSeveral: async (question) =>
      inOrder(
        question,
        await ask<readonly (typeof question.choices)[number]['value'][]>(libraries, () =>
          severalPrompt(libraries, question),
        ),
      ),
  };
}

/** Esc and Ctrl-C both cancel a prompt, so the key says which it was. */
async function ask<Answer>({ core }: Libraries, prompt: () => Promise<unknown>): Promise<Answer> {
  let last: string | undefined;
  const remember = (_: string | undefined, key: Key | undefined) => {
    last = key?.name;
  };
  process.stdin.on('keypress', remember);
  try {
    const answer = await prompt();
    if (!core.isCancel(answer)) return answer as Answer;
  } finally {
    process.stdin.off('keypress', remember);
  }
  throw last === 'escape' ? new WentBack() : new Interrupted('Nothing was changed.');
}

function printableChoice<Value extends string>({ value, label, hint }: Choice<Value>) {
  return { value, label: printable(label), ...(hint !== undefined && { hint: printable(hint) }) };
}

/** As it is listed, not as it was chosen. */
function inOrder<Value extends string>(
  { choices }: SeveralQuestion<Value>,
  chosen: readonly Value[],
): readonly Value[] {
  return choices.flatMap(({ value }) => (chosen.includes(value) ? [value] : []));
}

/** The library's own has no line that changes with what is chosen. */
function severalPrompt<Value extends string>(
  { clack, core }: Libraries,
  { message, choices, initial, status, check }: SeveralQuestion<Value>,
): Promise<unknown> {
  const options = choices.map(printableChoice);
  const lineOf = (option: (typeof options)[number], isChosen: boolean): string => {
    const box = isChosen ? clack.S_CHECKBOX_SELECTED : clack.S_CHECKBOX_INACTIVE;
    return `${box} ${option.label}${option.hint === undefined ? '' : `  ${option.hint}`}`;
  };
  const prompt = new core.MultiSelectPrompt({
    ...STREAMS,
    options,
    initialValues: [...initial],
    validate: (chosen) => check(chosen ?? []),
    render() {
      const chosen = this.value ?? [];
      const head = `${clack.S_BAR}\n${clack.symbol(this.state)}  ${printable(message)}`;
      if (this.state === 'submit' || this.state === 'cancel')
        return `${head}\n${clack.S_BAR}  ${printable(status(chosen))}`;
      const lines = clack.limitOptions({
        output: process.stderr,
        options,
        cursor: this.cursor,
        rowPadding: 8,
        style: (option, isActive) =>
          `${isActive ? '>' : ' '} ${lineOf(option, chosen.includes(option.value))}`,
      });
      const last = this.state === 'error' ? this.error : 'Space: choose or not. Enter: go on. Esc: go back.';
      return [
        head,
        ...[...lines, printable(status(chosen))].map((line) => `${clack.S_BAR}  ${line}`),
        `${clack.S_BAR_END}  ${last}`,
      ].join('\n');
    },
  });
  return prompt.prompt();
}
