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

/** What `X-Trigger-Error` asks for: the real service has this aid, too. */
export function triggeredError(name: string): Refusal | undefined {
  return BY_NAME[name];
}
