import { ExportError } from '../../errors';
import { WentBack, type Prompts } from '../shell/prompts';
import type { Draft, Setup, Step } from './setup';

/**
 * Answers the steps one after the other. Esc leads to the question before: the first one of the same step, or the step before that asked one.
 * On a terminal, an answer that cannot be is asked for again. A step that asks nothing, since a flag answers it, may be wrong by the question
 * before: that is asked once more, and the same error then is one of the flag.
 *
 * @throws ExportError where there is nothing to ask, or nothing that helps; Interrupted
 */
export async function drive(steps: readonly Step[], setup: Setup): Promise<Draft> {
  const { terminal } = setup.invocation;
  /** Steps that have asked something, in their order. */
  const asked: number[] = [];
  /** Errors of steps that asked nothing. */
  const unasked = new Set<string>();
  let draft: Draft = {};
  let isBack = false;
  for (let at = 0; at < steps.length;) {
    const step = steps[at]!;
    const counting = countQuestions(setup.prompts, () =>
      terminal.err(`\nStep ${at + 1} of ${steps.length}: ${step.title}`),
    );
    try {
      draft = await step.answer({ ...setup, prompts: counting.prompts }, draft);
      const previous: number | undefined = isBack && counting.questions() === 0 ? asked.pop() : undefined;
      if (counting.questions() > 0) asked.push(at);
      isBack = previous !== undefined;
      at = previous ?? at + 1;
    } catch (error) {
      if (error instanceof WentBack) {
        if (counting.questions() <= 1) {
          const previous: number | undefined = asked.pop();
          isBack = previous !== undefined;
          at = previous ?? at;
        }
        continue;
      }
      if (!setup.prompts || !(error instanceof ExportError)) throw error;
      const failure = `${at} ${error.code} ${error.message}`;
      const isOfFlag = counting.questions() === 0 && unasked.has(failure);
      const again = counting.questions() > 0 ? at : isOfFlag ? undefined : asked.pop();
      if (again === undefined) throw error;
      if (counting.questions() === 0) unasked.add(failure);
      terminal.err(`\n${error.code}: ${error.message}`);
      isBack = counting.questions() === 0;
      at = again;
    }
  }
  return draft;
}

interface Counting {
  readonly prompts: Prompts | undefined;
  readonly questions: () => number;
}

/** @param onFirst before the first question */
function countQuestions(prompts: Prompts | undefined, onFirst: () => void): Counting {
  if (!prompts) return { prompts, questions: () => 0 };
  let questions = 0;
  const begin = (): Prompts => {
    if (questions === 0) onFirst();
    questions += 1;
    return prompts;
  };
  return {
    prompts: {
      text: (question) => begin().text(question),
      secret: (question) => begin().secret(question),
      confirm: (question) => begin().confirm(question),
      choose: (question) => begin().choose(question),
      chooseSeveral: (question) => begin().chooseSeveral(question),
    },
    questions: () => questions,
  };
}
