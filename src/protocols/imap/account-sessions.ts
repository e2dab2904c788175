/**
 * The open sessions of each account: how many there may be, and whether their sign-ins still hold. A changed password or a
 * lock rings the account's bell, so its sessions end a moment later; a bell that was lost is made good by a round over all.
 */
import { isMailError, MailError } from '../../core/errors.ts'
import type { Mail, SignedIn } from '../../core/mail.ts'
import type { AccountId } from '../../core/mailbox/mailbox.ts'
import type { Logger } from '../../lib/log.ts'

/** What is known of a session here. */
export interface AccountSession {
  /** The sign-in does not hold any more. */
  signOut(): void
}

export interface AccountSessions extends Disposable {
  /** Refuses `limit-reached`. */
  admit(account: AccountId): void
  joined(user: SignedIn, session: AccountSession): void
  left(user: SignedIn, session: AccountSession): void
}

export interface AccountSessionsParts {
  readonly mail: Pick<Mail, 'signIn' | 'views'>
  readonly log: Logger
  readonly limits: {
    readonly maxSessionsPerAccount: number
    readonly revalidateEveryMs: number
    readonly revalidateAfterBellMs: number
  }
}

interface Open {
  readonly sessions: Map<AccountSession, SignedIn>
  readonly stopListening: () => void
  timer: NodeJS.Timeout | null
}

/** Accounts asked about before others have their turn. */
const accountsPerTurn = 20

export function createAccountSessions({ mail, log, limits }: AccountSessionsParts): AccountSessions {
  const open = new Map<AccountId, Open>()
  let disposed = false

  async function validate(one: Open): Promise<void> {
    // The bell of a busy account rings often; all sessions that one sign-in version has are asked about once.
    const answers = new Map<number, boolean>()
    for (const [session, user] of Array.from(one.sessions)) {
      const valid = answers.get(user.credentialVersion) ?? (await mail.signIn.stillValid(user))
      answers.set(user.credentialVersion, valid)
      if (!valid) session.signOut()
    }
  }

  async function validateSafely(one: Open): Promise<void> {
    try {
      await validate(one)
    } catch (error) {
      // The store is not there now: nobody is thrown out for that, the next round asks again.
      if (!isMailError(error)) log.error({ err: error }, 'imap sign-ins could not be checked')
    }
  }

  function ring(account: AccountId): void {
    const one = open.get(account)
    if (one === undefined || one.timer !== null) return
    one.timer = setTimeout(() => {
      one.timer = null
      void validateSafely(one)
    }, limits.revalidateAfterBellMs)
    one.timer.unref()
  }

  async function validateAll(): Promise<void> {
    let asked = 0
    for (const one of Array.from(open.values())) {
      if (disposed) return
      await validateSafely(one)
      if (++asked % accountsPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  let round: NodeJS.Timeout
  function nextRound(): void {
    round = setTimeout(() => void validateAll().then(() => disposed || nextRound()), limits.revalidateEveryMs)
    round.unref()
  }
  nextRound()

  return {
    admit(account) {
      if ((open.get(account)?.sessions.size ?? 0) >= limits.maxSessionsPerAccount) {
        throw new MailError('limit-reached', undefined, { limit: limits.maxSessionsPerAccount })
      }
    },
    joined(user, session) {
      const { account } = user
      const one = open.get(account) ?? { sessions: new Map(), stopListening: mail.views.listen(account, () => ring(account)), timer: null }
      open.set(account, one)
      one.sessions.set(session, user)
    },
    left({ account }, session) {
      const one = open.get(account)
      if (one === undefined || !one.sessions.delete(session) || one.sessions.size > 0) return
      one.stopListening()
      if (one.timer !== null) clearTimeout(one.timer)
      open.delete(account)
    },
    [Symbol.dispose]() {
      disposed = true
      clearTimeout(round)
    },
  }
}
