import { exportOnce } from './model';
import { configBefore, exportBefore, isBlocked } from './undo';
import type { Asked, Ended, ExportResult, World } from './world';

/** Takes an export back: changes the world as the real undo must, and returns what it must report. */
export function takeBack(world: World, asked: Asked, undone: Ended): ExportResult {
  if (isBlocked(world, undone))
    return { status: 'UNDO_BLOCKED', subjects: [], memberStatuses: {}, pairs: {} };
  const takesBack = { undone, before: exportBefore(world, undone) };
  const { config } = world;
  world.config = configBefore(takesBack);
  const result = exportOnce(world, { ...asked, takesBack });
  world.config = config;
  return result;
}
