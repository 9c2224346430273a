import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Creates and checks pre-signed URLs like those of the storage in which Mailchimp keeps results. */
export class ResultUrls {
  readonly #secret = randomBytes(32);

  /** `expires` in unix seconds. */
  sign(path: string, expires: number): string {
    const signature = encodeURIComponent(this.#signature(path, expires));
    return `${path}?GoogleAccessId=batches%40sandbox.invalid&Expires=${expires}&Signature=${signature}`;
  }

  isSigned(path: string, expires: string, signature: string): boolean {
    const expected = Buffer.from(this.#signature(path, Number(expires)));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #signature(path: string, expires: number): string {
    return createHmac('sha256', this.#secret).update(`${path}\n${expires}`).digest('base64');
  }
}

/** The storage's error document. */
export function storageError(code: string, message: string): string {
  return `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}
