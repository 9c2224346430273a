import { z } from 'zod';
import { ACTIONS } from '../model/act';

/** An `Act`, as the control server and fault rules take it. */
export const actSchema = z.strictObject({
  audience: z.string(),
  email: z.string(),
  action: z.enum(ACTIONS),
  tag: z.string().optional(),
  mergeFields: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  seconds: z.number().optional(),
});
