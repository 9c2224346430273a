import { z } from 'zod';

/** A list in which each entry counts once, at its first place. */
export function distinctList<Schema extends z.ZodType>(
  entry: Schema,
  { least = 0, most }: { readonly least?: number; readonly most: number },
) {
  return z
    .array(entry)
    .min(least)
    .max(most)
    .transform((entries) => [...new Set(entries)]);
}
