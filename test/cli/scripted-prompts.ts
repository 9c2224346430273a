import { WentBack, type Choice, type Prompts } from '../../src/cli/shell/prompts';

/** Answers that are keys: of the question before, and of what is proposed. */
export const ESC = '<Esc>';
export const ENTER = '';

/**
 * The prompts of a terminal whose user types the given lines. An empty line takes what is proposed; choices are named by their value or label,
 * several of them with commas between.
 * @param ask the next line
 * @param say prints what the user sees beside the question
 */
export function scriptedPrompts(ask: (question: string) => string, say: (line: string) => void): Prompts {
  const next = (message: string) => {
    const answer = ask(message);
    if (answer === ESC) throw new WentBack();
    return answer;
  };
  /** Asks until an answer is taken, as a terminal does. */
  const until = <Answer>(read: () => Answer, check?: (answer: Answer) => string | undefined): Answer => {
    for (;;) {
      const answer = read();
      const why = check?.(answer);
      if (why === undefined) return answer;
      say(`Refused: ${why}`);
    }
  };
  return {
    text: async ({ message, initial = '', check }) =>
      until(() => next(`${message}${initial && ` [${initial}]`}`) || initial, check),
    secret: async ({ message, check }) => until(() => next(message), check),
    confirm: async ({ message, initial }) => {
      const answer = next(`${message} [${initial ? 'Yes' : 'No'}]`);
      return answer === ENTER ? initial : /^y/i.test(answer);
    },
    choose: async ({ message, choices, initial }) => {
      const answer = next(`${message}: ${describe(choices)}`);
      return answer === ENTER ? (initial ?? choices[0]!.value) : valueOf(choices, answer);
    },
    chooseSeveral: async ({ message, choices, initial, status, check }) =>
      until(() => {
        say(status(initial));
        const answer = next(`${message}: ${describe(choices)}`);
        const chosen =
          answer === ENTER ? initial : answer.split(',').map((name) => valueOf(choices, name.trim()));
        say(status(chosen));
        return chosen;
      }, check),
  };
}

function describe(choices: readonly Choice<string>[]): string {
  return choices.map(({ label, hint }) => `${label}${hint === undefined ? '' : ` (${hint})`}`).join(' | ');
}

function valueOf<Value extends string>(choices: readonly Choice<Value>[], answer: string): Value {
  const found = choices.find(({ value, label }) => value === answer || label === answer);
  if (!found) throw new Error(`No choice "${answer}" among: ${describe(choices)}`);
  return found.value;
}
