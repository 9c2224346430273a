import { ExportError } from '../errors';
import type { SourceProblem } from '../ports/source';

/** What is wrong with a source, each problem with its place. A check goes on after each. */
export class FoundProblems {
  readonly #found: SourceProblem[] = [];

  get all(): readonly SourceProblem[] {
    return this.#found;
  }

  /** @returns undefined after a problem @throws what is no ExportError */
  async attempt<Result>(at: string, work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      this.add(at, error);
      return undefined;
    }
  }

  /** @throws what is no ExportError */
  add(at: string, error: unknown): void {
    if (!(error instanceof ExportError)) throw error;
    // Of a server or a store that refuses, each part would say the same.
    if (this.#found.some((problem) => problem.error.message === error.message)) return;
    this.#found.push({ at, error });
  }
}
