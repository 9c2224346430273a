import { userInfo } from 'node:os';

/** Who reads files: the user of this process. A container may have a user id without a name. */
export function osUser(): string {
  try {
    return `OS user ${userInfo().username}`;
  } catch {
    return `OS user ${process.getuid?.() ?? 'without a name'}`;
  }
}
