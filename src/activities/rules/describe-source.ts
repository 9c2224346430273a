import type { SourceDescription } from '../../ports/source';
import type { ActivityDependencies } from '../dependencies';

export async function describeSource(
  openSource: ActivityDependencies['openSource'],
  name: string,
): Promise<SourceDescription> {
  const source = await openSource(name);
  try {
    return await source.describe();
  } finally {
    await source.close();
  }
}
