/**
 * A year of the regulation in seconds, on a store: 500 accounts issued on 10/05/2026, the clock turned day by day to 10/05/2027.
 * People sign in, send, are absent, are hijacked, leave, ask in writing and are answered through the use cases; every night the
 * job runs. What the audit then tells must be, account by account and day by day, what the policies alone gave
 * (year-simulation.ts, which is checked night by night against a second computation), and for the accounts of requirements §1.3
 * and §1.6 the dates written by hand. `t.diagnostic` prints the calendar.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { dayAfter, dayOfInstant, type Day } from '../../src/core/account/lifecycle/civil-day.ts'
import { MailError } from '../../src/core/errors.ts'
import { requireEntry } from '../../src/core/administration/entries.ts'
import { addressStateKind } from '../../src/core/account/plan-addresses.ts'
import type { Actor } from '../../src/core/administration/actor.ts'
import type { StoredRecord } from '../../src/core/record/record.ts'
import { calendarOf, from, known, scripts, until, wantedKinds } from '../unit/core/account/lifecycle/year-scripts.ts'
import { liveYear, type Deed, type Script, type YearEvent } from '../unit/core/account/lifecycle/year-simulation.ts'
import { LifecycleRig, SetClock, actor, goodPassword, paper, province, temporaryOf } from '../support/lifecycle-rig.ts'
import { openEmbedded, stores, type StoreUnderTest } from '../contract/stores.ts'
import { TurnedClock } from '../support/store-place.ts'

const label = 'skhcn'
const addressOf = (local: string): string => `${local}@${label}.${province}`
/** Local parts as addresses have them. */
const localOf = (script: Script): string => script.name

interface Person {
  readonly script: Script
  readonly id: string
  /** What it signs in with now. */
  password: string
  request: { readonly id: string; readonly answer: 'restore' | 'refuse'; readonly answerOn: Day } | null
}

class Year {
  readonly rig: LifecycleRig
  readonly people: readonly Person[]
  readonly department: Actor
  readonly officer: Actor
  #papers = 0
  #messages = 0

  constructor(rig: LifecycleRig, people: readonly Person[], agency: string) {
    this.rig = rig
    this.people = people
    this.department = actor('super-administrator', { name: 'sa' })
    this.officer = actor('agency-administrator', { name: 'aa', agency })
  }

  async day(day: Day): Promise<void> {
    await this.rig.runNight(day)
    this.rig.clock.set(day, 9.5)
    await Promise.all(
      this.people.map(async (person) => {
        if (person.request?.answerOn === day) await this.answer(person)
        for (const deed of person.script.deeds.get(day) ?? []) await this.do(person, deed, day)
      }),
    )
  }

  private async do(person: Person, deed: Deed, day: Day): Promise<void> {
    const address = addressOf(localOf(person.script))
    const { rig, department, officer } = this
    switch (deed.kind) {
      case 'sign-in':
        return this.signIn(person, address)
      case 'send':
        return this.send(person, address)
      case 'receive':
        return this.receive(address)
      case 'change-password': {
        const next = `${goodPassword}-${day}`
        await rig.system.mail.accounts.changeOwnPassword(address, person.password, next, '192.0.2.1')
        person.password = next
        return
      }
      case 'absence':
        return void (await rig.lifecycle.noteAbsence(actor('individual', { name: person.id, account: person.id, agency: officer.agency }), address, deed.notice))
      case 'reset-password':
        person.password = (await rig.lifecycle.resetPassword(officer, address)).temporaryPassword
        return
      case 'lock':
        return this.lock(deed.act, address)
      case 'ask-restoration':
        return this.ask(person, deed, address, day)
      case 'leave': {
        const { id } = await this.file('revoke-leavers', address, day, { reason: 'retired', effectiveOn: deed.effectiveOn, newAgency: null })
        const { account } = await rig.requests.decide(department, id, { address, answer: { kind: 'grant' } })
        assert.notEqual(account.state, 'revoked', 'not before its day')
        return
      }
      case 'put-off':
        return void (await rig.lifecycle.putOffProposal(department, address, { until: deed.until, reason: 'Đang nghỉ thai sản' }))
      case 'accept-proposal':
        await assert.rejects(rig.lifecycle.acceptProposal(officer, address, { reason: 'Không dùng' }), isRefused('role'))
        return void (await rig.lifecycle.acceptProposal(department, address, { reason: 'Không dùng' }))
    }
  }

  private async signIn({ password, id }: Person, address: string): Promise<void> {
    const { state } = (await this.rig.store.accounts.get(id))!
    const signingIn = this.rig.system.mail.signIn.authenticate({ user: address, password, protocol: 'imap', remoteIp: '192.0.2.1', secure: true })
    if (state === 'active') await signingIn
    else await assert.rejects(signingIn, (error) => error instanceof MailError)
  }

  private async send({ id }: Person, address: string): Promise<void> {
    if ((await this.rig.store.accounts.get(id))?.state !== 'active') return
    await this.deliver({ sender: address, recipients: ['ban@ngoai.example'], account: id })
  }

  private async receive(address: string): Promise<void> {
    const { state } = (await this.rig.store.accounts.byAddress(address))!
    const delivered = this.deliver({ sender: 'ban@ngoai.example', recipients: [address], account: null })
    if (state === 'revoked' || state === 'purged') await assert.rejects(delivered, (error) => error instanceof MailError && error.code === 'account-revoked')
    else assert.equal((await delivered).filed, 1)
  }

  private deliver(envelope: { readonly sender: string; readonly recipients: readonly string[]; readonly account: string | null }) {
    const bytes = Buffer.from(`From: <${envelope.sender}>\r\nSubject: thu\r\n\r\nKinh gui\r\n`)
    const transaction = `nam-${++this.#messages}`
    return this.rig.system.mail.delivery.deliver({ ...envelope, transaction, bytes, facts: null, receivedAtMs: this.rig.clock.nowMs() })
  }

  private async lock(act: 'lock-compromised' | 'lock-prohibited-use' | 'suspend', address: string): Promise<void> {
    const { rig, department, officer } = this
    if (act === 'suspend') await rig.lifecycle.lock(officer, address, { act, reason: 'Nghi mất quyền' })
    else if (act === 'lock-compromised') await rig.lifecycle.lock(department, address, { act, ground: 'hijacked', warning: null })
    else {
      await assert.rejects(rig.lifecycle.lock(department, address, { act, case: '' }), isRefused('case-missing'))
      const { document, bytes } = paper('1/VV', from)
      const opened = await rig.cases.open(department, { addresses: [address], summary: 'Thư quảng cáo hàng cấm', evidence: [{ kind: 'message', ...document.file, bytes }] })
      await rig.lifecycle.lock(department, address, { act, case: opened.id })
    }
  }

  private async ask(person: Person, { answer, lateDays }: Deed & { readonly kind: 'ask-restoration' }, address: string, day: Day): Promise<void> {
    const { id, request } = await this.file('restore', address, day, null)
    const terms = await this.rig.context.terms()
    person.request = { id, answer, answerOn: terms.dueOn(request.deadline!.due, lateDays) }
  }

  private file(kind: 'restore' | 'revoke-leavers', address: string, day: Day, leave: { readonly reason: 'retired'; readonly effectiveOn: Day; readonly newAgency: null } | null) {
    return this.rig.requests.file(this.officer, { kind, ...paper(`${++this.#papers}/SKHCN-VP`, day), rows: [{ address, leave }] })
  }

  private async answer(person: Person): Promise<void> {
    const { id, answer } = person.request!
    person.request = null
    const address = addressOf(localOf(person.script))
    const decided = await this.rig.requests.decide(this.department, id, { address, answer: answer === 'restore' ? { kind: 'grant' } : { kind: 'deny', reason: 'Không đủ căn cứ' } })
    if (answer === 'restore') person.password = decided.temporaryPassword!
  }
}

const isRefused = (reason: string) => (error: unknown): boolean => error instanceof MailError && error.detail['reason'] === reason

interface Detail {
  readonly via: string
  readonly after: Readonly<Record<string, unknown>> | null
  readonly evidence?: Readonly<Record<string, unknown>>
}

/** What an audit record says, in the words of the simulation; null: nothing that it counts. */
function told({ action, clause, detail }: StoredRecord): { readonly what: string; readonly by: 'clock' | 'people'; readonly provisional: boolean } | null {
  const { via, after, evidence = {} } = detail as unknown as Detail
  const by = via === 'clock' ? 'clock' : 'people'
  const provisional = evidence['provisional'] === true || after?.['provisional'] === true
  const act = String(evidence['act'] ?? '')
  switch (action) {
    case 'account.warn':
      return { what: `warn-${String(after?.['daysBefore'])} ${clause}`, by, provisional }
    case 'account.lock':
      return { what: by === 'clock' ? `lock ${clause}` : `${act} ${clause}`, by, provisional }
    case 'account.revoke':
      return { what: by === 'clock' ? `revoke ${clause}` : `${act} ${clause}`, by, provisional }
    case 'account.suspend':
    case 'account.reset-password':
    case 'restoration.ask':
    case 'restoration.carry-out':
    case 'restoration.refuse':
      return { what: `${act} ${clause}`, by, provisional }
    case 'account.change-own-password':
      return { what: `${clause === 'Điều 9.1' ? 'first-password' : 'changed-password'} ${clause}`, by: 'people', provisional: false }
    case 'account.purge':
      return { what: `purge ${clause}`, by, provisional }
    case 'revocation.propose':
      return { what: `propose-revocation ${clause}`, by, provisional }
    case 'revocation.withdraw-proposal':
      return { what: `withdraw-proposal ${clause}`, by, provisional }
    case 'revocation.put-off':
      return { what: 'proposal-put-off Điều 8.3đ', by, provisional: false }
    case 'revocation.schedule':
      return { what: 'revocation-approved Điều 5.3', by, provisional: false }
    case 'absence.note':
      return { what: `absence-noted ${clause}`, by, provisional: false }
    case 'request.due-tomorrow':
    case 'request.overdue':
      return { what: `${action.replace('.', '-')} Điều 6.3b`, by, provisional }
    default:
      return null
  }
}

function eventsOf(records: readonly StoredRecord[], requests: ReadonlyMap<string, string>): readonly YearEvent[] {
  return records.flatMap((record) => {
    const said = told(record)
    const { after } = record.detail as unknown as Detail
    const address = record.action.startsWith('request.') ? requests.get(String(after?.['request'])) : record.subject
    return said === null || address === undefined ? [] : [{ day: dayOfInstant(record.atMs), account: address.slice(0, address.indexOf('@')), ...said }]
  })
}

/** Account by account, day by day: what happened, in no order within a day. */
const linesOf = (events: readonly YearEvent[], account: string): readonly string[] =>
  events.filter((one) => one.account === account).map(({ day, what, by, provisional }) => `${day} ${what} ${by}${provisional ? ' dự kiến' : ''}`).toSorted()

/** In memory where the machine has such a folder: what a disk takes to sync is no part of the year. */
const quickEmbedded: StoreUnderTest = {
  ...stores[0]!,
  async makePlace() {
    const directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'congvu-year-'))
    const clock = new TurnedClock()
    return { clock, open: () => openEmbedded(directory, clock), remove: () => rm(directory, { recursive: true, force: true }) }
  },
}

for (const { name, unreachable, makePlace } of [quickEmbedded, stores[1]!]) {
  test(`500 accounts from 10/05/2026 to 10/05/2027 on a store: ${name}`, { skip: unreachable ?? false }, async (t) => {
    const place = await makePlace()
    try {
      await using open = await place.open()
      const clock = new SetClock(from, 9.5)
      await using rig = new LifecycleRig({ clock, store: open.store, blobs: open.blobs })
      const accounts = await rig.issue(scripts.map((one) => ({ local: localOf(one), secondChannel: `${localOf(one)}@rieng.example`, ...(one.role === undefined ? {} : { role: one.role }) })), label)
      const people = scripts.map((script, index): Person => ({ script, id: accounts[index]!.id, password: temporaryOf(localOf(script)), request: null }))
      const year = new Year(rig, people, await rig.agency(label))
      for (let day = from; day <= until; day = dayAfter(day)) await year.day(day)

      const records = await rig.audit()
      const requests = new Map(records.filter(({ action }) => action === 'request.file').map(({ detail }) => requestOf(detail as unknown as Detail)))
      const events = eventsOf(records, requests)
      const expected = liveYear(scripts, { from, until })
      for (const [{ name: account }, dates] of known) {
        assert.deepEqual(linesOf(events, account).filter((line) => / clock/.test(line)).map(bare), dates.toSorted(), account)
      }
      for (const { name: account } of scripts) assert.deepEqual(linesOf(events, account), linesOf(expected, account), account)
      const kinds = new Set(events.map(({ what }) => what))
      for (const one of wantedKinds) assert.ok(kinds.has(one), `nothing of ${one}`)
      await noticesWereSent(rig, events)
      await purged(rig, events)
      assert.deepEqual(rig.faults, [])
      for (const line of calendarOf(events.toSorted((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0)))) t.diagnostic(line)
    } finally {
      await place.remove()
    }
  })
}

const bare = (line: string): string => line.replace(/ clock( dự kiến)?$/, '')

function requestOf({ after }: Detail): [string, string] {
  const [row] = after!['rows'] as readonly string[]
  return [String(after!['request']), row!.split(' ')[0]!]
}

/** §1.7: of every warning and every lock the second channel and somebody of the agency heard on that day. */
async function noticesWereSent(rig: LifecycleRig, events: readonly YearEvent[]): Promise<void> {
  const byDay = Map.groupBy(rig.notices, ({ atMs }) => dayOfInstant(atMs))
  for (const { day, account, what } of events.filter(({ what: one }) => /^(warn-|lock )/.test(one))) {
    const letters = (byDay.get(day) ?? []).filter(({ text }) => text.includes(addressOf(account)))
    assert.ok(letters.some(({ recipient }) => recipient === `${account}@rieng.example`), `${account} of ${what} on ${day} at the second channel`)
    assert.ok(letters.some(({ recipient }) => recipient.endsWith(`@${label}.${province}`) && recipient !== addressOf(account)), `an officer of ${account}'s ${what} on ${day}`)
  }
  assert.ok(rig.notices.length > 0)
  assert.equal((await rig.store.registry.count({ kind: 'lifecycle-facts', from: 'untold', to: 'untole' })), 0, 'nothing is left untold')
}

/** D-14, design §5.3: the content is gone, the address is nobody else's. */
async function purged(rig: LifecycleRig, events: readonly YearEvent[]): Promise<void> {
  const gone = events.filter(({ what }) => what.startsWith('purge '))
  assert.ok(gone.length > 0)
  for (const { account: local } of gone) {
    const account = await rig.account(local)
    assert.deepEqual([account.state, account.usedBytes, account.passwordHash, account.name], ['purged', 0, null, account.address])
    assert.deepEqual(await rig.store.mailboxes.list(account.id), [])
    assert.equal(await rig.store.registry.get('person', account.id), null)
    assert.equal((await requireEntry(rig.store.registry, addressStateKind, account.address)).value.state, 'tombstone')
  }
}
