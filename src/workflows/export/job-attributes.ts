import type { ExportInput } from '../../contract/export';
import type { Attributes } from '../search-attributes';

/** The search attributes of an export or a plan: all of a destination have one workflow id, and these tell them apart. */
export function jobAttributes({ ref, audience, kind, number }: ExportInput, state: string): Attributes {
  return { destinationId: ref.destinationId, audienceId: audience.id, kind, number, state };
}
