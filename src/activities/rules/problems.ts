import { ExportError } from '../../errors';

/** What is wrong with a request, collected so that one answer names all of it. */
export class Problems {
  readonly #found: ExportError[] = [];

  /** Runs a check, and keeps its refusal. @returns undefined when it refused */
  collect<Result>(check: () => Result): Result | undefined {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof ExportError)) throw error;
      this.#found.push(error);
      return undefined;
    }
  }

  /** Each with its code; the code of them all is that of the first. @throws ExportError if anything was refused */
  throwIfAny(): void {
    const [first] = this.#found;
    if (!first) return;
    if (this.#found.length === 1) throw first;
    const lines = this.#found.map(({ code, message }) => `\n- ${code}: ${message}`);
    throw new ExportError(first.code, `${this.#found.length} settings are wrong:${lines.join('')}`, {
      details: { problems: this.#found.length },
    });
  }
}
