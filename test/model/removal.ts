import { exportOnce } from './model';
import type { Asked, ExportResult, World } from './world';

// What an export of nothing means, before a destination is removed.

/** As `exportOnce`, also before a removal: all contacts are leavers then, with what was chosen for them. */
export function exportOrRemove(world: World, asked: Asked): ExportResult {
  const { config } = world;
  if (asked.removal !== undefined) world.config = { ...config, leavers: asked.removal };
  const result = exportOnce(world, asked);
  world.config = config;
  return result;
}

/** Outcomes of contacts that have not got what was chosen. */
export const OPEN = ['throttled', 'rejected', 'unproven', 'not_sent'];

/** Whether the destination is removed: each contact has got what was chosen. */
export function isRemoved({ removal }: Pick<Asked, 'removal'>, { status, subjects }: ExportResult): boolean {
  const isOpen = outcomesOf({ subjects }).some((one) => OPEN.includes(one));
  return removal !== undefined && status === 'completed' && !isOpen;
}

/** Without reasons. */
export function outcomesOf({ subjects }: Pick<ExportResult, 'subjects'>): readonly string[] {
  return subjects.map((subject) => /: (\w+)[^:]*$/.exec(subject)?.[1] ?? subject);
}
