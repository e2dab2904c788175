/** What ingress itself answers, without core: limits, syntax, and "core does not answer". RFC 5321 §4.2, RFC 3463, RFC 4954. */
import type { SmtpReply } from '../link-types.ts'

const reply = (code: number, enhanced: string, text: string): SmtpReply => ({ code, enhanced, text })

export const replies = {
  coreAway: reply(451, '4.3.0', 'Hệ thống tạm thời không sẵn sàng / temporarily unavailable, try again later'),
  tooManyConnections: reply(421, '4.7.0', 'Too many connections from your address'),
  serverFull: reply(421, '4.3.2', 'Too many connections, try again later'),
  tooManyErrors: reply(421, '4.7.0', 'Too many errors'),
  tooManyCommands: reply(421, '4.7.0', 'Too many commands without a message'),
  tooSlow: reply(421, '4.4.2', 'Too slow'),
  tooManyWrongRecipients: reply(421, '4.7.0', 'Too many unknown recipients from your network, try again later'),
  tooMuchInput: reply(421, '4.7.0', 'Too much input'),
  stopping: reply(421, '4.3.2', 'Service shutting down'),
  bareLineEnd: reply(550, '5.6.0', 'Message with bare CR or LF refused, see RFC 5321 section 2.3.8'),
  tooLarge: reply(552, '5.3.4', 'Message is larger than this system takes'),
  noRoom: reply(452, '4.3.1', 'Out of memory for now, try again later'),
  tooManyRecipients: reply(452, '4.5.3', 'Too many recipients'),
  authenticationRequired: reply(530, '5.7.0', 'Authentication required'),
  startTlsFirst: reply(530, '5.7.0', 'Must issue a STARTTLS command first'),
  tlsActive: reply(503, '5.5.1', 'TLS is active'),
  noArgument: reply(501, '5.5.4', 'The command takes no argument'),
  unknownCommand: reply(500, '5.5.2', 'Command not recognized'),
  noAuthHere: reply(502, '5.5.1', 'AUTH is offered on the submission ports only'),
  authSequence: reply(503, '5.5.1', 'AUTH is not possible now'),
  authMechanism: reply(504, '5.5.4', 'Unrecognized authentication type'),
  authSyntax: reply(501, '5.5.2', 'Cannot decode the response'),
  authCancelled: reply(501, '5.7.0', 'Authentication cancelled'),
  authTooMany: reply(421, '4.7.0', 'Too many failed authentications'),
  unscanned: reply(451, '4.7.1', 'The message could not be checked, try again later'),
  lineTooLong: reply(500, '5.5.2', 'Line too long'),
  nameTooLong: reply(501, '5.5.4', 'Name too long'),
  addressNotAscii: reply(553, '5.6.7', 'Address is not ASCII, and SMTPUTF8 was not asked for'),
  parameterUnknown: reply(555, '5.5.4', 'A parameter is not recognized, or not offered'),
  parameterSyntax: reply(501, '5.5.4', 'Syntax error in a parameter'),
  syntax: reply(501, '5.1.7', 'Bad address'),
} as const
