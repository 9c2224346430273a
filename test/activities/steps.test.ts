import { describe, expect, test } from '@jest/globals';
import { createActivities, type ActivityDependencies } from '../../src/activities';
import { ExportError } from '../../src/errors';

describe('an activity', () => {
  test('waits until its dependencies are open', async () => {
    let open!: (dependencies: ActivityDependencies) => void;
    const opening = new Promise<ActivityDependencies>((resolve) => {
      open = resolve;
    });
    const steps = createActivities(() => opening);
    const expired: string[] = [];
    const tidying = steps['mailchimp.tidyStaging']({ destinationId: 'newsletter', baseline: null });
    open({
      staging: { tidy: (destinationId: string) => Promise.resolve(void expired.push(destinationId)) },
    } as unknown as ActivityDependencies);
    await tidying;
    expect(expired).toEqual(['newsletter']);
  });

  test('fails with the code of a dependency that could not be opened', async () => {
    const steps = createActivities(() => Promise.reject(new ExportError('DISK_FULL', 'No room.')));
    await expect(
      steps['mailchimp.tidyStaging']({ destinationId: 'newsletter', baseline: null }),
    ).rejects.toMatchObject({ name: 'ApplicationFailure', type: 'DISK_FULL', nonRetryable: true });
  });

  test('has a name with the prefix of this package', () => {
    const names = Object.keys(createActivities(() => Promise.reject(new Error('unused'))));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !name.startsWith('mailchimp.'))).toEqual([]);
  });
});
