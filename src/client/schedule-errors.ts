import { ExportError } from '../errors';

export function scheduleNotFound(name: string): ExportError {
  return new ExportError(
    'SCHEDULE_NOT_FOUND',
    `There is no schedule "${name}". Check the name with temporal-mailchimp schedule list, or create it: temporal-mailchimp schedule create ${name}`,
  );
}

export function scheduleExists(name: string): ExportError {
  return new ExportError(
    'SCHEDULE_EXISTS',
    `There is a schedule "${name}" with other settings; temporal-mailchimp schedule show ${name} shows them. Nothing was changed. ` +
      'Choose another name, or delete it and create it again.',
  );
}

/** For a schedule of the configuration file: a person has made another one under the name of the destination. */
export function scheduleOfPerson(name: string): ExportError {
  return new ExportError(
    'SCHEDULE_EXISTS',
    `The schedule "${name}" was created by a person, so that of the configuration file does not replace it. Nothing of it was changed. ` +
      `Remove destinations.${name}.schedule from the file, or delete the schedule: temporal-mailchimp schedule delete ${name}`,
  );
}

export function scheduleOfOther(name: string, taskQueue: string | undefined): ExportError {
  const owner =
    taskQueue === undefined ? 'was not created by this package' : `belongs to the task queue "${taskQueue}"`;
  return new ExportError(
    'SCHEDULE_OWNER_MISMATCH',
    `The schedule "${name}" ${owner}. Nothing was changed. Use the configuration of its task queue, or another name.`,
  );
}

/** For a change of settings that are not known. */
export function scheduleUnreadable(name: string): ExportError {
  return new ExportError(
    'INPUT_INVALID',
    `The settings of the schedule "${name}" are not known, since it was changed in Temporal, so they cannot be changed here. Nothing was changed. ` +
      `Delete it, and create it again: temporal-mailchimp schedule delete ${name}`,
  );
}
