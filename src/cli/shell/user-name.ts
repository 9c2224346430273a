import { userInfo } from 'node:os';

/** The user of this machine, for records of who asked and who decided. Undefined: a container may run as a user without an entry in the list of users. */
export function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
