/** config/regulation.toml: every number with its clause, within the limits that the regulation leaves. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ConfigError } from '../../../src/config/load.ts'
import { loadRegulation, regulationToml, type Regulation } from '../../../src/config/regulation.ts'
import type { KeySchema, Section } from '../../../src/config/keys.ts'
import { regulationSchema, quotaClassSchema } from '../../../src/config/regulation-schema.ts'
import type { LifecyclePolicy } from '../../../src/core/account/lifecycle/policy.ts'
import { minPasswordLength } from '../../../src/core/account/password.ts'
import type { QuotaPolicy } from '../../../src/core/account/quota.ts'
import type { IncidentPolicy } from '../../../src/core/notice/incident.ts'
import type { OutagePolicy } from '../../../src/core/notice/outage.ts'
import type { RetentionPolicy } from '../../../src/core/record/retention.ts'
import type { RequestPolicy } from '../../../src/core/request/request.ts'

function load(toml: string): Regulation {
  const folder = mkdtempSync(join(tmpdir(), 'congvu-regulation-'))
  try {
    const file = join(folder, 'regulation.toml')
    writeFileSync(file, toml)
    return loadRegulation(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function problemsOf(toml: string): readonly string[] {
  try {
    load(toml)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
  return assert.fail('not refused')
}

describe('the file', () => {
  const file = new URL('../../../config/regulation.toml', import.meta.url)

  it('is the one that the schema makes, and gives the defaults', () => {
    assert.equal(readFileSync(file, 'utf8'), regulationToml())
    assert.deepEqual(loadRegulation(file.pathname), loadRegulation())
  })

  it('has the shape that every policy of core takes', () => {
    const regulation: LifecyclePolicy & RequestPolicy & QuotaPolicy & OutagePolicy & IncidentPolicy & RetentionPolicy = loadRegulation()
    assert.deepEqual(
      [regulation.regulation.effectiveFrom, regulation.idle.months, regulation.defaultPassword.months, regulation.revocation.proposeAfterMonths, regulation.restoration.workingDays],
      ['2026-05-10', 3, 1, 6, 3],
    )
    assert.equal(loadRegulation().password.minLength, minPasswordLength)
  })

  it('names a clause beside every number, and decisions as D-…', () => {
    const sections = [...Object.values(regulationSchema), quotaClassSchema] as readonly Section[]
    for (const { keys } of sections) {
      for (const [key, { clause, decisions, description }] of Object.entries<KeySchema>(keys)) {
        assert.match(clause ?? '', /Điều \d|TCVN 14423|NĐ 331/, key)
        assert.match(decisions ?? 'D-1', /^D-\d+(, D-\d+)*$/, key)
        assert.ok((description ?? '').length > 0, key)
      }
    }
  })

  it('what is left out keeps its value; classes are named all or none', () => {
    const regulation = load('[idle]\nmonths = 4\n[quota]\ndefault_class = "nhanvien"\n[quota_classes.nhanvien]\nname = "Nhân viên"\nquota_bytes = 1073741824\n')
    assert.deepEqual([regulation.idle.months, regulation.idle.warnDaysBefore, regulation.defaultPassword.months], [4, [30, 14, 7, 1], 1])
    assert.deepEqual(regulation.quotaClasses, { nhanvien: { name: 'Nhân viên', quotaBytes: 1_073_741_824, maxAttachmentBytes: 26_214_400 } })
  })
})

describe('refused with key, value, what was expected and the clause', () => {
  const wrong: readonly (readonly [title: string, toml: string, pattern: RegExp])[] = [
    ['a password below 12 characters', '[password]\nmin_length = 11', /^password\.min_length = 11: .*from 12 to 128 \(Điều 9\.2; D-17, D-18\)/],
    ['fewer still without a second factor', '[password]\nmin_length = 14\nmin_length_without_second_factor = 12', /^password\.min_length_without_second_factor = 12: .*at least password\.min_length = 14/],
    ['a lock before three months', '[idle]\nmonths = 2', /^idle\.months = 2: .*\(Điều 6\.2a/],
    ['a proposal before six months', '[revocation]\npropose_after_months = 5', /^revocation\.propose_after_months = 5/],
    ['logs for less than three months', '[retention]\nlog_months = 2', /^retention\.log_months = 2: .*\(Điều 7\.2\)/],
    ['content that goes before the logs', '[retention]\nlog_months = 6', /^revocation\.keep_content_months = 3: .*at least retention\.log_months = 6 \(D-14\)/],
    ['an address again after a year', '[revocation]\nreissue_address_after_months = 12', /^revocation\.reissue_address_after_months = 12: .*at least 24/],
    ['a restoration after four days', '[restoration]\nworking_days = 4', /^restoration\.working_days = 4: .*from 1 to 3 \(Điều 6\.3b; D-11\)/],
    ['an outage after two days', '[outage]\nfull_working_days = 2', /^outage\.full_working_days = 2: .*\(Điều 8\.2; D-22\)/],
    ['a report after 25 hours', '[incident]\nreport_hours = 25', /^incident\.report_hours = 25/],
    ['an alarm when the report is due', '[incident]\nescalate_at_hours = [12, 24]', /^incident\.escalate_at_hours = \[12,24\]: .*below incident\.report_hours/],
    ['warnings in no order', '[idle]\nwarn_days_before = [7, 14]', /^idle\.warn_days_before = \[7,14\]: .*falling/],
    ['the same warning twice', '[default_password]\nwarn_days_before = [7, 7]', /^default_password\.warn_days_before/],
    ['no warning at all', '[idle]\nwarn_days_before = []', /^idle\.warn_days_before = \[\]/],
    ['a value that is not in the list', '[idle]\nreceive = "never"', /^idle\.receive = "never": .*"literal-filtered" \| "literal" \| "ignore" \(Điều 6\.2a; D-8\)/],
    ['a value of the wrong type', '[idle]\nmonths = "3"', /^idle\.months = "3"/],
    ['a day that does not exist', '[regulation]\neffective_from = "2026-02-30"', /^regulation\.effective_from = "2026-02-30": .*a day that exists/],
    ['a date of TOML', '[regulation]\neffective_from = 2026-05-10', /^regulation\.effective_from = /],
    ['an unknown key', '[idle]\nmonth = 3', /^idle\.month = 3: .*no such key.*months/],
    ['an unknown section', '[idel]\nmonths = 3', /^idel = .*no such key.*quota_classes/],
    ['a key outside of a section', 'idle = 3', /^idle = 3: .*expected a section/],
    ['a default class that is none', '[quota]\ndefault_class = "boss"', /^quota\.default_class = "boss": .*staff, leader, agency/],
    ['a class without a name', '[quota_classes.staff]\nquota_bytes = 1073741824', /^quota_classes\.staff\.name = ""/],
    ['a class with a wrong name', '[quota_classes."Lãnh đạo"]\nname = "x"', /^quota_classes\.Lãnh đạo: /],
    ['classes that are none', 'quota_classes = 3', /^quota_classes: /],
    ['a unit label of 20 characters', '[address]\nmax_full_unit_label = 20', /^address\.max_full_unit_label = 20: .*from 12 to 18/],
    ['no TOML', '[idle', /regulation\.toml: /],
  ]
  for (const [title, toml, pattern] of wrong) it(title, () => assert.match(problemsOf(toml)[0] ?? '', pattern))

  it('all problems are told at once', () => {
    assert.equal(problemsOf('[idle]\nmonths = 2\n[outage]\nfull_working_days = 1\n[x]\ny = 1\n').length, 3)
  })

  it('a file that is named must be there', () => assert.throws(() => loadRegulation('/nowhere/regulation.toml'), ConfigError))
})
