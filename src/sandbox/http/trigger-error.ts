import type { Refusal } from '../problem';
import {
  internalError,
  invalidResource,
  jsonParseException,
  keyInvalid,
  keyMissing,
  methodNotAllowed,
  nestedTooDeep,
  notFound,
  refusalForStatus,
  tooManyConnections,
  userDisabled,
} from '../problem';

const BY_NAME: Readonly<Record<string, Refusal>> = {
  BadRequest: refusalForStatus(400),
  InvalidAction: {
    status: 400,
    title: 'Invalid Action',
    detail: 'The action requested was not valid for this resource.',
  },
  InvalidResource: invalidResource('The resource submitted could not be validated.'),
  JSONParseError: jsonParseException,
  APIKeyMissing: keyMissing,
  APIKeyInvalid: keyInvalid,
  Forbidden: refusalForStatus(403),
  UserDisabled: userDisabled,
  WrongDatacenter: keyInvalid,
  ResourceNotFound: notFound,
  MethodNotAllowed: methodNotAllowed('GET'),
  ResourceNestingTooDeep: nestedTooDeep,
  TooManyRequests: tooManyConnections(10),
  InternalServerError: internalError,
};

/** The error that `X-Trigger-Error` requests; the real service supports this header as well. */
export function triggeredError(name: string): Refusal | undefined {
  return BY_NAME[name];
}
