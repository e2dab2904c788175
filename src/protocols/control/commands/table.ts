/** Every command of the private socket. A new one: its types in messages.ts, its run beside this file, a line here. */
import type { ControlCommand } from '../messages.ts'
import * as account from './account.ts'
import * as agency from './agency.ts'
import * as calendar from './calendar.ts'
import type { CommandRun } from './command.ts'
import * as delegation from './delegation.ts'
import * as imports from './import.ts'
import * as lifecycle from './lifecycle.ts'
import * as queue from './queue.ts'
import * as records from './records.ts'
import * as report from './report.ts'
import * as request from './request.ts'

export const commandTable: { readonly [C in ControlCommand]: CommandRun<C> } = {
  ping: async ({ args }) => {
    args.end()
    return { pid: process.pid }
  },
  'account.create': account.create,
  'account.list': account.list,
  'account.alias': account.alias,
  'account.password': account.password,
  'account.change-password': account.changePassword,
  'account.lock': account.lock,
  'account.unlock': account.unlock,
  'account.import': imports.accounts,
  'account.import-undo': imports.undo,
  'agency.import': imports.agencies,
  'agency.create': agency.create,
  'agency.list': agency.list,
  'delegation.grant': delegation.grant,
  'delegation.end': delegation.end,
  'delegation.list': delegation.list,
  'lifecycle.preview': lifecycle.preview,
  'lifecycle.show': lifecycle.show,
  'lifecycle.idle': lifecycle.idle,
  'request.list': request.list,
  'request.show': request.show,
  'request.decide': request.decide,
  'calendar.term': calendar.term,
  'calendar.due': calendar.due,
  'calendar.notice': calendar.notice,
  'audit.verify': records.verify,
  'records.search': records.search,
  'report.show': report.show,
  'queue.list': queue.list,
  'queue.show': queue.show,
  'queue.retry': queue.retry,
  'queue.cancel': queue.cancel,
}
