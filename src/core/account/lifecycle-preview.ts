/**
 * "What happens on date X, and by which clause" (design §5.9), as seen today and if nobody does anything: the same function over
 * the same facts as the night (lifecycle-night.ts).
 */
import type { Actor } from '../administration/actor.ts'
import { today, type AdministrationContext } from '../administration/context.ts'
import { MailError } from '../errors.ts'
import type { LifecycleAct } from './lifecycle/acts.ts'
import { daysBetween, isDay, type Day } from './lifecycle/civil-day.ts'
import { preview } from './lifecycle/decide.ts'
import { idleLists, type IdleListName } from './lifecycle/idle-report.ts'
import { rulesOf } from './lifecycle-administration.ts'
import { livesByPage } from './lifecycle-pages.ts'

export interface PreviewedAct {
  readonly address: string
  readonly name: string
  readonly act: LifecycleAct
}

export interface LifecyclePreview {
  /** By address. Refuses `argument-invalid` for a day before today or too far ahead. */
  preview(actor: Actor, query: { readonly on: Day; readonly agency?: string }): AsyncIterable<PreviewedAct>
  /** The lists that lock nobody and that a person looks at (D-8, D-19, R-10.9). */
  idle(actor: Actor, query: { readonly list: IdleListName; readonly agency?: string }): AsyncIterable<{ readonly address: string; readonly name: string }>
}

const maxDaysAhead = 3_660

export function createLifecyclePreview(context: AdministrationContext): LifecyclePreview {
  const agencyFor = async (actor: Actor, wanted: string | undefined, subject: string): Promise<{ readonly agency?: string }> => {
    const agency = actor.role === 'agency-administrator' ? (wanted ?? actor.agency) : (wanted ?? null)
    await context.authorise(actor, 'account.read', { agency, account: null, subject })
    return agency === null ? {} : { agency }
  }
  return {
    async *preview(actor, { on, agency: wanted }) {
      const scope = await agencyFor(actor, wanted, `lifecycle ${on.slice(0, 10)}`)
      const now = today(context)
      if (!isDay(on) || on < now || daysBetween(now, on) > maxDaysAhead) throw new MailError('argument-invalid', 'a day from today on', { field: 'on', on: on.slice(0, 10), today: now })
      const rules = await rulesOf(context)
      for await (const page of livesByPage(context, scope)) {
        for (const { account, facts } of page) {
          for (const act of preview(facts, rules, { today: now, on })) yield { address: account.address, name: account.name, act }
        }
      }
    },
    async *idle(actor, { list, agency: wanted }) {
      const scope = await agencyFor(actor, wanted, `lifecycle ${list}`)
      const rules = await rulesOf(context)
      const now = today(context)
      for await (const page of livesByPage(context, scope)) {
        for (const { account, facts } of page) if (idleLists(facts, rules, now).includes(list)) yield { address: account.address, name: account.name }
      }
    },
  }
}
