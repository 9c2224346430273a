import type { Config } from '../../contract/config';
import type { GlobalOptions } from '../shell/invocation';

/** Of commands without --address and without a configured one. */
const DEFAULT_ADDRESS = '127.0.0.1:7233';

/** From nothing to a first export, to be typed in another terminal of the same folder; a line each. */
export function firstCommands(
  { destinations }: Pick<Config, 'destinations'>,
  { config, address }: Pick<GlobalOptions, 'config' | 'address'>,
): string[] {
  const [destination = 'NAME'] = Object.keys(destinations);
  const program = [
    'temporal-mailchimp',
    ...(config === undefined ? [] : [`--config ${config}`]),
    ...(address === DEFAULT_ADDRESS ? [] : [`--address ${address}`]),
  ].join(' ');
  return [
    `  ${program} destination connect ${destination} --agree --as "YOUR NAME"`,
    `  ${program} destination configure ${destination}`,
    `  ${program} export start ${destination}`,
  ];
}
