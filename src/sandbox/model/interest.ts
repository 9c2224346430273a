import { md5 } from './hash';

/** One of several groups of a category. */
interface Interest {
  readonly id: string;
  readonly name: string;
}

export interface InterestCategory {
  readonly id: string;
  readonly title: string;
  /** How forms show it: `checkboxes`, `dropdown`, `radio` or `hidden`. */
  readonly type: string;
  readonly interests: readonly Interest[];
}

/** Ten hexadecimal digits, the same for the same names. */
export function interestId(...names: readonly string[]): string {
  return md5(names.join('/')).slice(0, 10);
}
