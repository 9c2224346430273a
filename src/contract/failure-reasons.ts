import { INVALID_RULES } from './outcome';
import { rowClassesWhere, withheldClassesWhere } from './row-class';

/** Of a row that the limit of an export left for a later one. */
export const BEYOND_LIMIT = 'beyond_limit';
/** Of a row that an export did not reach before it ended. */
export const NOT_REACHED = 'not_reached';
/** Of a profile whose address another one has, which is used. */
export const SAME_ADDRESS = 'same_address';

/** All reasons that a row of `export failures` may have. */
export const FAILURE_REASONS: readonly string[] = [
  ...INVALID_RULES,
  SAME_ADDRESS,
  BEYOND_LIMIT,
  NOT_REACHED,
  ...rowClassesWhere(() => true),
  ...withheldClassesWhere(() => true),
];
