/** Whom an incident concerns, and what they are told (§1.7): Vietnamese first, English second. */
import { isMailError } from '../errors.ts'
import type { Role } from '../account/account.ts'
import type { AdministrationContext } from '../administration/context.ts'
import { put, requireEntry, type Kept } from '../administration/entries.ts'
import { incidentClocks } from './incident.ts'
import { incidentKind, type KeptIncident } from './incident-administration.ts'
import { vietnamTime } from './outage-letter.ts'

export interface IncidentUntold {
  /** `told`: a person told his agency. */
  readonly what: 'told' | 'opened' | 'reported' | 'escalated' | 'closed'
  readonly atMs: number
  /** Of the alarm. */
  readonly hours: number | null
}

const audiences: Readonly<Record<IncidentUntold['what'], readonly Role[]>> = {
  told: ['agency-administrator'],
  opened: ['operator', 'super-administrator'],
  reported: ['super-administrator'],
  escalated: ['operator', 'super-administrator'],
  closed: ['operator', 'agency-administrator'],
}

const words: Readonly<Record<IncidentUntold['what'], { readonly vi: string; readonly en: string }>> = {
  told: { vi: 'Người dùng báo sự cố', en: 'A user tells of an incident' },
  opened: { vi: 'Sự cố mới', en: 'New incident' },
  reported: { vi: 'Báo cáo sự cố gửi Sở', en: 'Incident reported to the department' },
  escalated: { vi: 'CẢNH BÁO: sự cố chưa báo cáo Sở', en: 'ALARM: an incident has not been reported' },
  closed: { vi: 'Sự cố đã kết thúc', en: 'Incident closed' },
}

const maxAdministrators = 50
type LetterContext = Pick<AdministrationContext, 'store' | 'notify' | 'settings' | 'clock'>

/** Right after a change. What cannot be sent now is told by the job. */
export async function tellUntold(context: LetterContext, id: string): Promise<Kept<KeptIncident>> {
  try {
    await tellIncident(context, id)
  } catch (error) {
    if (!isMailError(error) || !error.temporary) throw error
  }
  return requireEntry(context.store.registry, incidentKind, id)
}

/** Sends what is untold; the same letter is kept once, by its transaction. */
export async function tellIncident(context: LetterContext, id: string): Promise<void> {
  const { store, notify } = context
  const { value, version } = await requireEntry(store.registry, incidentKind, id)
  if (value.untold.length === 0) return
  for (const untold of value.untold) {
    const letter = incidentLetter(id, value, untold, context)
    for (const role of audiences[untold.what]) {
      const agency = role === 'agency-administrator' ? value.agency : null
      if (role === 'agency-administrator' && agency === null) continue
      const found = await store.accounts.list({ role, limit: maxAdministrators, ...(agency === null ? {} : { agency }) })
      for (const { address, state } of found) {
        if (state === 'revoked' || state === 'purged') continue
        await notify({ transaction: `incident ${id} ${untold.what} ${untold.hours ?? ''} ${untold.atMs} ${address}`, recipient: address, ...letter })
      }
    }
  }
  await store.registry.commit({ entries: [put(incidentKind, id, { ...value, untold: [] }, version)] })
}

function incidentLetter(id: string, incident: KeptIncident, { what, hours }: IncidentUntold, { settings, clock }: LetterContext): { readonly subject: string; readonly text: string } {
  const { vi, en } = words[what]
  const due = incidentClocks(incident, settings.regulation, clock.nowMs())
  const [occurred, detected] = [vietnamTime(incident.occurredAtMs), vietnamTime(incident.detectedAtMs)]
  const after = hours === null ? { vi: '', en: '' } : { vi: ` sau ${hours} giờ`, en: ` after ${hours} hours` }
  return {
    subject: `[${id}] ${vi}${after.vi} / ${en}${after.en}`,
    text: [
      `${vi}${after.vi}: ${id} – ${incident.title}`,
      `Xảy ra: ${occurred.vi}; phát hiện: ${detected.vi} (giờ Việt Nam).`,
      ...due.map(({ clock: name, dueAtMs, state, clause }) => `Hạn ${name}: ${vietnamTime(dueAtMs).vi} (${state}; ${clause})`),
      ...(incident.serviceStops ? ['Hệ thống phải tạm dừng hoạt động.'] : []),
      `Xem tại ${settings.webUrl}. (Điều 8.3d, 10.6)`,
      '',
      `${en}${after.en}: ${id} – ${incident.title}`,
      `Occurred: ${occurred.en}; detected: ${detected.en} (Vietnam time).`,
      ...due.map(({ clock: name, dueAtMs, state }) => `Due ${name}: ${vietnamTime(dueAtMs).en} (${state})`),
      ...(incident.serviceStops ? ['The service must stop.'] : []),
      `See ${settings.webUrl}.`,
      '',
    ].join('\n'),
  }
}
