/**
 * The parameters of MAIL and RCPT: those of the extensions that EHLO offers, and no other (RFC 5321 §4.1.1.11). SIZE is RFC 1870,
 * BODY RFC 6152, SMTPUTF8 RFC 6531 §3.4, AUTH RFC 4954 §5. Pure.
 */
import type { SmtpReply } from '../link-types.ts'
import { replies } from './replies-ingress.ts'
import type { Session } from './session.ts'

/** Names in upper case; null: no value was given. Haraka has checked their form. */
export type EnvelopeParameters = Readonly<Record<string, string | null>>

type IsValue = (value: string | null) => boolean

const mailParameters: ReadonlyMap<string, IsValue> = new Map<string, IsValue>([
  ['SIZE', (value) => value !== null && /^\d{1,20}$/.test(value)],
  ['BODY', (value) => value !== null && /^(?:7BIT|8BITMIME)$/i.test(value)],
  ['SMTPUTF8', (value) => value === null],
])

/** Of the ports that offer AUTH. Who wrote a message first is not what we go by, so the value is not kept. */
const submissionParameters: ReadonlyMap<string, IsValue> = new Map<string, IsValue>([...mailParameters, ['AUTH', (value) => value !== null]])

/** The refusal of what stands behind MAIL's path; null when all of it is offered. */
export function mailParametersRefusal(parameters: EnvelopeParameters, service: Session['service']): SmtpReply | null {
  return refusalOf(parameters, service === 'submission' ? submissionParameters : mailParameters)
}

/** No extension that is offered has a parameter of RCPT (DSN would have). */
export function recipientParametersRefusal(parameters: EnvelopeParameters): SmtpReply | null {
  return refusalOf(parameters, new Map())
}

function refusalOf(parameters: EnvelopeParameters, offered: ReadonlyMap<string, IsValue>): SmtpReply | null {
  for (const [name, value] of Object.entries(parameters)) {
    const isValue = offered.get(name)
    if (isValue === undefined) return replies.parameterUnknown
    if (!isValue(value)) return name === 'BODY' ? replies.parameterUnknown : replies.parameterSyntax
  }
  return null
}
