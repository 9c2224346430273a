/** Esc was pressed: the user wants to see the question before this one. */
export class WentBack extends Error {
  override readonly name = 'WentBack';
}

interface Asked {
  readonly message: string;
}

/** One of several answers. */
export interface Choice<Value> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string;
}

/** Why an answer is not taken; undefined: it is. */
type Check<Answer> = (answer: Answer) => string | undefined;

interface TextQuestion extends Asked {
  /** Proposed: Enter takes it. */
  readonly initial?: string | undefined;
  readonly check?: Check<string>;
}

export interface ChoiceQuestion<Value> extends Asked {
  readonly choices: readonly Choice<Value>[];
  readonly initial?: Value | undefined;
}

export interface SeveralQuestion<Value> extends Asked {
  readonly choices: readonly Choice<Value>[];
  readonly initial: readonly Value[];
  /** A line below the choices, of those that are chosen now. */
  readonly status: (chosen: readonly Value[]) => string;
  readonly check: Check<readonly Value[]>;
}

/**
 * Questions of a guided setup, on a terminal. Each rejects with WentBack at Esc, and with Interrupted at Ctrl-C.
 * Answers that `check` refuses are asked for again.
 */
export interface Prompts {
  readonly text: (question: TextQuestion) => Promise<string>;
  /** What is typed is not shown, and not proposed again. */
  readonly secret: (question: Omit<TextQuestion, 'initial'>) => Promise<string>;
  readonly confirm: (question: Asked & { readonly initial: boolean }) => Promise<boolean>;
  readonly choose: <Value extends string>(question: ChoiceQuestion<Value>) => Promise<Value>;
  readonly chooseSeveral: <Value extends string>(
    question: SeveralQuestion<Value>,
  ) => Promise<readonly Value[]>;
}
