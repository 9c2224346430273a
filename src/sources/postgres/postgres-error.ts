import { isNativeError } from 'node:util/types';
import { ExportError } from '../../errors';
import { shorten } from '../suggest';
import type { Relation } from './relation';

/** What was attempted when the server refused or the connection failed. */
export interface Attempt {
  /** Undefined: to connect. */
  readonly relation?: Relation | undefined;
  readonly server: { readonly host: string; readonly port: number; readonly user: string };
  readonly timeoutSeconds: number;
  /** How long the statement ran. */
  readonly seconds: number;
}

/** A code of PostgreSQL, which has five characters; its first two are its class. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Gone, or not there yet: another attempt may find it. A host without an entry in DNS is not among these. */
const NETWORK = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
]);
/** The driver's own texts for the same. */
const LOST = /^(Connection terminated|timeout expired|Client network socket disconnected|Client was closed)/;
/**
 * Passing states of a server: connection lost (08), rolled back for the sake of others (40), out of resources (53), a lock that another session
 * holds, shut down or starting (57P), an error of its system (58), and a snapshot that a standby could not keep.
 */
const PASSING = /^(08|40|53|58)|^(55P03|57P01|57P02|57P03|57P05|72000)$/;

/** What a failed attempt means. No text contains a value of a row, or a password. */
export function asPostgresError(error: unknown, attempt: Attempt): unknown {
  // Not instanceof: an error of the network belongs to another realm where code runs in a vm context, as under jest.
  if (error instanceof ExportError || !isNativeError(error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const { server } = attempt;
  const at = server.host.startsWith('/') ? server.host : `${server.host}:${server.port}`;
  if (NETWORK.has(code) || LOST.test(error.message) || PASSING.test(code)) {
    return new ExportError(
      'SOURCE_UNAVAILABLE',
      `The PostgreSQL server at ${at} does not answer, or ended the connection (${code || 'connection lost'}). Nothing that was read is used. It is tried again; check that the server runs and can be reached.`,
      { details: code === '' ? {} : { reason: code } },
    );
  }
  if (SQLSTATE.test(code) && isOfServer(error)) return refused(error, code, attempt);
  const tls = describeTls(error, code);
  const problem =
    tls ?? (code === 'ENOTFOUND' ? 'there is no such host. Correct connection.host' : undefined);
  if (problem !== undefined)
    return unreadable(`The PostgreSQL server at ${at} was not connected to: ${problem}.`);
  if (/^SASL|password must be a string/.test(error.message)) {
    return unreadable(
      `The PostgreSQL server at ${at} asks for a password of the role ${server.user}, and did not agree with what was sent. Set connection.password to a reference to it.`,
    );
  }
  return error;
}

function isOfServer(error: Error): boolean {
  return 'severity' in error;
}

function refused(error: Error, code: string, attempt: Attempt): ExportError {
  const { relation, server, timeoutSeconds, seconds } = attempt;
  const what = relation?.what ?? 'connection';
  const details = { sqlstate: code };
  if (/^(28|3D)/.test(code)) {
    // Before a session begins, no text can be about rows.
    return unreadable(
      `PostgreSQL refused the role ${server.user}: ${error.message} (${code}). Check user, password and database of the source, and pg_hba.conf of the server.`,
      details,
    );
  }
  if (code === '57014') {
    return unreadable(
      seconds >= timeoutSeconds
        ? relation?.isVersion === true
          ? `${what}: the query took longer than ${timeoutSeconds} s, so PostgreSQL ended it, and nothing is known about changes. Make it faster, with an index for example.`
          : `${what}: the statement took longer than statementTimeoutSeconds (${timeoutSeconds}), so PostgreSQL ended it. Nothing was used. Make it faster, with an index for example, or raise the setting.`
        : `${what}: an administrator of PostgreSQL cancelled the statement. Nothing was used. Start the export again when that is agreed.`,
      details,
    );
  }
  if (code === '42501') {
    return unreadable(
      `${what}: ${error.message}. As its owner: GRANT SELECT on it, and USAGE on its schema, to the role ${server.user}.`,
      details,
    );
  }
  if (relation?.segment !== undefined) {
    return new ExportError(
      'SEGMENT_SQL_INVALID',
      `The SQL of segment "${relation.segment}" was refused: ${problemOf(error, code)}. Correct it in the configuration.`,
      { details: { segment: relation.segment, ...details } },
    );
  }
  if (relation?.table !== undefined && /^(42P01|3F000)$/.test(code)) {
    return unreadable(
      `${what}: there is no table or view ${shorten(relation.table)} that the role ${server.user} finds. Name it with its schema, as SQL does; capital letters need double quotes.`,
      details,
    );
  }
  return unreadable(`${what}: PostgreSQL refused to read it: ${problemOf(error, code)}.`, details);
}

/** Texts of class 42 are about SQL; all others may quote a value of a row, as may what a function of the database raises. */
function problemOf({ message }: Error, code: string): string {
  if (code === '25006') return 'it changes the database, but a source is only read (25006)';
  if (code.startsWith('42')) return `${message.replace(/[\s.]+$/, '')} (${code})`;
  if (code.startsWith('22'))
    return `a value could not be converted or computed (${code}; see "PostgreSQL Error Codes")`;
  return `running it failed with SQLSTATE ${code} (see "PostgreSQL Error Codes")`;
}

function describeTls({ message }: Error, code: string): string | undefined {
  if (message === 'The server does not support SSL connections')
    return 'it offers no TLS. Turn ssl on there, or, within a network of your own, set tls.mode: disable';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its certificate is for another name. Connect by the name in it, or set tls.serverName';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `its certificate is not valid today (${code}). Replace it there`;
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_UNTRUSTED|CERT_SIGNATURE/.test(code))
    return `its certificate is signed by no authority that is trusted (${code}). Set tls.serverCaCert to the certificate of the authority`;
  return /^ERR_(SSL|OSSL|TLS)|^EPROTO$/.test(code)
    ? `TLS failed (${code}). Check tls.clientCert, tls.clientKey and tls.serverCaCert`
    : undefined;
}

function unreadable(message: string, details: Readonly<Record<string, string>> = {}): ExportError {
  return new ExportError('SOURCE_UNREADABLE', message, { details });
}
