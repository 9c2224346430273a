import type { FaultEffect, FaultRule } from '../faults';
import { z } from 'zod';
import { actSchema } from './act-schema';
import { parseFault } from '../fault-text';

const ms = z.number().nonnegative();
const count = z.number().int().positive();

const state = z.enum(['pending', 'preprocessing', 'started', 'finalizing']).optional();

const effect = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('status'),
    status: z.number().int().min(300).max(599),
    body: z.enum(['problem', 'html', 'empty']).optional(),
    title: z.string().optional(),
    detail: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('reset') }),
  z.strictObject({ type: z.literal('applyThenStatus'), status: z.number().int().min(300).max(599) }),
  z.strictObject({ type: z.literal('applyThenReset') }),
  z.strictObject({ type: z.literal('resetMidBody') }),
  z.strictObject({ type: z.literal('hang'), ms }),
  z.strictObject({ type: z.literal('delay'), ms }),
  z.strictObject({ type: z.literal('trickle'), ms }),
  z.strictObject({ type: z.literal('refuseConnections'), ms }),
  z.strictObject({ type: z.literal('deleteAudience'), audience: z.string() }),
  z.strictObject({ type: z.literal('act'), act: actSchema }),
  z.strictObject({ type: z.literal('omitRows'), count }),
  z.strictObject({ type: z.literal('stuckBatch'), state }),
  z.strictObject({ type: z.literal('vanishedBatch'), state }),
  z.strictObject({ type: z.literal('emptyResultUrl') }),
  z.strictObject({ type: z.literal('truncatedResult') }),
  z.strictObject({ type: z.literal('corruptResult'), what: z.enum(['bytes', 'json']) }),
  z.strictObject({ type: z.literal('wrongOperationIds'), how: z.enum(['null', 'swapped', 'shared']) }),
  z.strictObject({ type: z.literal('doubledResults') }),
  z.strictObject({ type: z.literal('missingResults'), count }),
  z.strictObject({ type: z.literal('truncatedDownload') }),
  z.strictObject({ type: z.literal('expiredUrl') }),
]);

const rule = z.strictObject({
  match: z.string().optional(),
  via: z.enum(['http', 'batch', 'any']).optional(),
  bodyIncludes: z.string().optional(),
  moreThan: z.number().int().nonnegative().optional(),
  times: z.union([count, z.literal('always')]).optional(),
  after: z.number().int().nonnegative().optional(),
  effect,
});

/** A rule as an object, or `{ "text": "429 twice on POST /lists/*" }`. */
export const faultRuleSchema: z.ZodType<FaultRule> = z.union([
  z.strictObject({ text: z.string() }).transform(({ text }) => parseFault(text)),
  rule.transform((given) => ({ ...given, effect: given.effect as FaultEffect }) as FaultRule),
]);
