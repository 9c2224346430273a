import { createAlerts } from '../alerts';
import type { Config } from '../config/config';
import { secretResolver } from '../config/secrets';
import type { Alerts } from '../ports/alerts';

/** The receivers of a configuration file, for a command beside a worker. */
export function configuredAlerts(
  { alerts, temporal }: Pick<Config, 'alerts' | 'temporal'>,
  baseFolder: string,
): Alerts {
  const secrets = secretResolver(baseFolder, 'this environment');
  return createAlerts({ receivers: alerts, secrets, webUi: temporal.webUi });
}
