import { INVALID_RULES } from './outcome';
import { rowClassesWhere, withheldClassesWhere } from './row-class';

/** Of a row that a limit of the export left for a later one. */
export const BEYOND_LIMIT = 'beyond_limit';
/** Of a profile whose address another one has, which is used. */
export const SAME_ADDRESS = 'same_address';

/** All reasons that a row of `export failures` may have. */
export const FAILURE_REASONS: readonly string[] = [
  ...INVALID_RULES,
  SAME_ADDRESS,
  BEYOND_LIMIT,
  ...rowClassesWhere(() => true),
  ...withheldClassesWhere(() => true),
];
