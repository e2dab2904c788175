/**
 * The open sessions of each account: how many there may be, and whether their sign-ins still hold. A changed password or a
 * lock rings the account's bell, so its sessions end a moment later; a bell that was lost is made good by a round over all.
 * So it is with the end of a delegation (R-10.3: the same minute): of whoever works in an agency mailbox both bells are heard.
 */
import { isMailError, MailError } from '../../core/errors.ts'
import type { Mail, OpenableMailbox, SignedIn } from '../../core/mail.ts'
import type { AccountId } from '../../core/mailbox/mailbox.ts'
import type { Logger } from '../../lib/log.ts'

/** What is known of a session here. */
export interface AccountSession {
  /** The sign-in does not hold any more. */
  signOut(): void
  /** What is selected of another account's, by a delegation. */
  readonly shared: OpenableMailbox | null
  /** That delegation has ended, or has other rights now. */
  closeShared(): void
}

export interface AccountSessions extends Disposable {
  /** Refuses `limit-reached`. */
  admit(account: AccountId): void
  joined(user: SignedIn, session: AccountSession): void
  left(user: SignedIn, session: AccountSession): void
}

export interface AccountSessionsParts {
  readonly mail: Pick<Mail, 'signIn' | 'views' | 'delegations'>
  readonly log: Logger
  readonly limits: {
    readonly maxSessionsPerAccount: number
    readonly revalidateEveryMs: number
    readonly revalidateAfterBellMs: number
  }
}

interface Open {
  readonly sessions: Map<AccountSession, { readonly user: SignedIn; readonly stopListening: () => void }>
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
    const answers = new Map<string, boolean>()
    for (const [session, { user }] of Array.from(one.sessions)) {
      const { credentialVersion, by } = user
      const signIn = JSON.stringify([credentialVersion, by?.account, by?.credentialVersion, by?.rights])
      const valid = answers.get(signIn) ?? (await mail.signIn.stillValid(user))
      answers.set(signIn, valid)
      const { shared } = session
      if (!valid) session.signOut()
      else if (shared !== null && (await mail.delegations.find(user.account, shared.account))?.rights !== shared.rights) session.closeShared()
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
      const stopListening = user.by === undefined ? (): void => {} : mail.views.listen(user.by.account, () => ring(account))
      one.sessions.set(session, { user, stopListening })
    },
    left({ account }, session) {
      const one = open.get(account)
      one?.sessions.get(session)?.stopListening()
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
