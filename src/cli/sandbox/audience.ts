import type { AudienceState } from '../../sandbox';
import { countOf } from '../../text/format';

/** `1a2b3c4d5e  Newsletter, 59 members` */
export function describeAudience({ id, name, members }: AudienceState): string {
  return `${id}  ${name}, ${countOf(members, 'member')}`;
}
