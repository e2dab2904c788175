/** What LOGIN and AUTHENTICATE share: asking core, and the state and capabilities after it. RFC 9051 §6.2. */
import { isMailError } from '../../../core/errors.ts'
import type { SignedIn } from '../../../core/mail.ts'
import type { PlainCredentials } from '../../shared/sasl/plain.ts'
import { capabilitiesIn } from '../capabilities.ts'
import type { Completion, Context } from '../command.ts'

/** Throws core's refusal; but that of a mailbox which is not open to this person is told as RFC 5530 §3 has it. */
export async function signIn(context: Context, { user, password }: PlainCredentials): Promise<Completion> {
  const signedIn = await authenticate(context, { user, password })
  if (signedIn === null) return { status: 'NO', code: 'AUTHORIZATIONFAILED', text: 'That mailbox is not open to you' }
  context.admit(signedIn.account)
  const names = capabilitiesIn('authenticated', context.channel).join(' ')
  return { state: { kind: 'authenticated', user: signedIn }, code: `CAPABILITY ${names}`, text: 'Signed in' }
}

/** Null: the password is right, and the mailbox of `PERSON*MAILBOX` is not open to this person. */
async function authenticate(context: Context, { user, password }: PlainCredentials): Promise<SignedIn | null> {
  try {
    return await context.mail.signIn.authenticate({
      user,
      password,
      protocol: 'imap',
      remoteIp: context.remoteIp,
      secure: context.channel.secure,
    })
  } catch (error) {
    if (isMailError(error)) {
      context.signInFailed()
      context.log.info({ refused: error.code }, 'imap sign-in refused')
      if (error.code === 'not-permitted') return null
    }
    throw error
  }
}
