/** Builds Mail from the ports: the parts of core in the order in which they need each other. */
import { createAccounts, type AccountsPorts, type AccountsSettings } from './account/accounts.ts'
import { createActivityKeeper, type ActivityKeeper } from './account/activity-keeper.ts'
import { createSignIn } from './account/authenticate.ts'
import { createMessageSizes } from './account/message-sizes.ts'
import type { QuotaPolicy } from './account/quota.ts'
import { createCredentials, type Credentials } from './account/credentials.ts'
import { createDelegations } from './account/delegation.ts'
import { ensureFirstAdministrator, type FirstAdministrator } from './account/first-administrator.ts'
import { createAgencies } from './agency/agencies.ts'
import { createDelivery, type MailDelivery } from './delivery/create-delivery.ts'
import type { DeliverySettings } from './delivery/settings.ts'
import { createDirectory } from './directory/resolve.ts'
import type { Mail } from './mail.ts'
import { createJunkTraining, type JunkTraining, type TrainingOutcome } from './mailbox/junk-training.ts'
import { createMailboxes } from './mailbox/mailboxes.ts'
import { createMessages } from './mailbox/messages.ts'
import { TextIndex } from './mailbox/text-index.ts'
import { createViews } from './mailbox/views.ts'
import type { Blobs } from './ports/blobs.ts'
import type { FullText } from './ports/full-text.ts'
import type { MessageSigner } from './ports/signing.ts'
import type { Store } from './ports/store.ts'
import type { JunkKind, SpamTraining } from './ports/training.ts'
import type { Bus, Clock, Counters, KeyedDigest, Outbound, Passwords, Random } from './ports/world.ts'
import { createAudit } from './record/audit.ts'
import type { NewRecord } from './record/record.ts'
import { createRecordQueue } from './record/record-queue.ts'

export interface Ports {
  readonly store: Store
  readonly blobs: Blobs
  readonly bus: Bus
  readonly clock: Clock
  readonly random: Random
  readonly counters: Counters
  readonly passwords: Passwords
  readonly digest: KeyedDigest
  readonly outbound: Outbound
  /** Null or absent: mail leaves unsigned. */
  readonly signer?: MessageSigner | null
  /** Null or absent: the spam filter learns nothing from people. */
  readonly training?: SpamTraining | null
  /** Null or absent: every search looks through the texts themselves. */
  readonly fullText?: FullText | null
}

export interface MailSettings extends AccountsSettings {
  readonly loginDomain: string | null
  /** Where people change a temporary password. */
  readonly webUrl?: string
  readonly maxRemembered: number
  readonly maxMailboxesPerAccount: number
  readonly maxMessageBytes: number
  readonly delivery: DeliverySettings
  /** Sizes by class (Điều 7.3); absent: the server's own limits alone. */
  readonly sizes?: QuotaPolicy
}

export interface MailSystem extends AsyncDisposable {
  readonly mail: Mail
  /** What the clock drives (src/jobs). */
  readonly delivery: MailDelivery
  readonly textIndex: TextIndex | null
  /** Shared with the administration: one throttle, one memory of verified sign-ins. */
  readonly credentials: Credentials
  /** What the night of the lifecycle waits for. */
  readonly activity: Pick<ActivityKeeper, 'flush'>
  /** For what the system itself did, and faults: gathered, written soon (core/record/system-records.ts). */
  note(record: NewRecord): void
  /** Null but at the very first start. */
  ensureFirstAdministrator(): Promise<FirstAdministrator | null>
}

export interface MailEvents {
  /** A bug in work that nobody waits for. */
  readonly onFault: (error: unknown) => void
  readonly onTrained?: (kind: JunkKind, outcome: TrainingOutcome, messages: number) => void
}

/** The ports stay the caller's: disposing ends what core does in the background, not them. */
export function createMail(ports: Ports, settings: MailSettings, events: MailEvents): MailSystem {
  const { store, clock, random, counters, passwords, digest, bus } = ports
  const stopping = new AbortController()
  const records = createRecordQueue({ records: store.records, clock, onError: events.onFault })
  const audit = createAudit({ records: store.records, clock })
  const credentials = createCredentials(
    { accounts: store.accounts, clock, counters, passwords, digest, stopping: stopping.signal },
    { loginDomain: settings.loginDomain, maxRemembered: settings.maxRemembered },
  )
  const activity = createActivityKeeper({ store, clock, onError: events.onFault })
  const accountPorts: AccountsPorts = { accounts: store.accounts, registry: store.registry, agencies: store.agencies, clock, audit, random, passwords, credentials, bus }
  const delegations = createDelegations({ store, clock, activity })
  const directory = createDirectory({ accounts: store.accounts, agencies: store.agencies, delegations }, settings)
  const sizes = settings.sizes === undefined ? {} : { maxMessageBytesOf: createMessageSizes(store.registry, settings.sizes) }
  const delivery = createDelivery({ ...ports, ...sizes, activity, recordLater: (record) => records.add(record) }, settings.delivery, directory)
  const training = trainingOf(ports, events)
  const { fullText = null } = ports
  const textIndex = fullText === null ? null : new TextIndex({ store, clock, fullText, onFault: events.onFault })
  const views = createViews(textIndex === null ? ports : { ...ports, textIndex })
  return {
    mail: {
      signIn: createSignIn({ accounts: store.accounts, agencies: store.agencies, clock, counters, records, credentials, activity, delegations, ...(settings.webUrl !== undefined && { webUrl: settings.webUrl }) }),
      delegations,
      agencies: createAgencies(accountPorts, settings),
      accounts: createAccounts(accountPorts, settings),
      directory,
      mailboxes: createMailboxes({ store, bus, settings }),
      messages: createMessages({ ...ports, settings, training, views }),
      views,
      delivery: delivery.delivering,
      outbox: delivery.outbox,
      ready: async () => void (await Promise.all([store.ready(), ports.blobs.ready()])),
    },
    delivery,
    activity,
    textIndex,
    credentials,
    note: (record) => records.add(record),
    ensureFirstAdministrator: () => ensureFirstAdministrator({ ...accountPorts, settings: store }, settings),
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await textIndex?.[Symbol.asyncDispose]()
      await training?.[Symbol.asyncDispose]()
      await delivery.held[Symbol.asyncDispose]()
      await activity[Symbol.asyncDispose]()
      await records[Symbol.asyncDispose]()
    },
  }
}

function trainingOf(ports: Ports, { onFault, onTrained }: MailEvents): JunkTraining | null {
  const { training } = ports
  if (training === null || training === undefined) return null
  return createJunkTraining({ ...ports, training, onFault, onOutcome: onTrained ?? (() => undefined) })
}
