/** Mailchimp's refusals and their RFC 9457 problem documents. */

import type { SandboxSwitches } from './switches';

const PROBLEM_TYPE = 'https://mailchimp.com/developer/marketing/docs/errors/';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** A refusal, of a whole request or of one row of a batch subscribe. */
export interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  /** Member Exists, Compliance and Forgotten come without `type` (recorded from the real service). */
  readonly untyped?: true;
  readonly allow?: string;
}

const MUST_BE = /^Value must be one of: (?<allowed>.*?) {2}\(not .*\)$/s;

/** A refusal in the wording of the switch `enumWording`. */
export function worded(refusal: Refusal, wording: SandboxSwitches['enumWording']): Refusal {
  if (wording === 'mustBe' || !refusal.errors) return refusal;
  const errors = refusal.errors.map(({ field, message }) => ({
    field,
    message: message.replace(MUST_BE, 'Data presented is not one of the accepted values: $<allowed>.'),
  }));
  return { ...refusal, errors };
}

export class Problem extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.name = 'Problem';
    this.refusal = refusal;
  }
}

export interface ProblemDocument {
  readonly type?: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: readonly FieldError[];
}

export function problemDocument(refusal: Refusal, instance: string): ProblemDocument {
  const { status, title, detail, errors } = refusal;
  return {
    ...(refusal.untyped ? {} : { type: PROBLEM_TYPE }),
    title,
    status,
    detail,
    instance,
    ...(errors ? { errors } : {}),
  };
}

export const invalidResource = (detail: string, errors?: readonly FieldError[]): Refusal => ({
  status: 400,
  title: 'Invalid Resource',
  detail,
  ...(errors ? { errors } : {}),
});

export const schemaRefusal = (errors: readonly FieldError[]): Refusal =>
  invalidResource(
    "The resource submitted could not be validated. For field-specific details, see the 'errors' array.",
    errors,
  );

export const notFound: Refusal = {
  status: 404,
  title: 'Resource Not Found',
  detail: 'The requested resource could not be found.',
};

export const methodNotAllowed = (allow: string, detail?: string): Refusal => ({
  status: 405,
  title: 'Method Not Allowed',
  detail:
    detail ??
    "The requested method and resource are not compatible. See the Allow header for this resource's available methods.",
  allow,
});

export const keyMissing: Refusal = {
  status: 401,
  title: 'API Key Missing',
  detail: 'Your request did not include an API key.',
};

export const keyInvalid: Refusal = {
  status: 401,
  title: 'API Key Invalid',
  detail: "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
};

export const userDisabled: Refusal = {
  status: 403,
  title: 'User Disabled',
  detail: 'This account has been deactivated.',
};

export const tooManyConnections = (limit: number): Refusal => ({
  status: 429,
  title: 'Too Many Requests',
  detail: `You have exceeded the limit of ${limit} simultaneous connections.`,
});

export const tooManyBatches: Refusal = {
  status: 429,
  title: 'Too Many Requests',
  detail: 'You have more than 500 pending batches.',
};

export const nestedTooDeep: Refusal = {
  status: 414,
  title: 'Resource Nesting Too Deep',
  detail: 'The sub-resource requested is nested too deeply.',
};

export const jsonParseException: Refusal = {
  status: 400,
  title: 'JSON Parse Exception',
  detail: 'We encountered an unspecified JSON parsing error.',
};

export const internalError: Refusal = {
  status: 500,
  title: 'Internal Server Error',
  detail:
    'A deep, internal error has occurred during the processing of your request. Please contact support.',
};

/** The refusals for status codes in faults and in `X-Trigger-Error`. */
export function refusalForStatus(status: number): Refusal {
  switch (status) {
    case 400:
      return { status, title: 'Bad Request', detail: 'Your request could not be processed.' };
    case 401:
      return keyInvalid;
    case 403:
      return { status, title: 'Forbidden', detail: 'You are not permitted to access this resource.' };
    case 404:
      return notFound;
    case 405:
      return methodNotAllowed('GET');
    case 414:
      return nestedTooDeep;
    case 429:
      return tooManyConnections(10);
    case 500:
      return internalError;
    default:
      return { status, title: 'Error', detail: 'The request could not be completed.' };
  }
}
