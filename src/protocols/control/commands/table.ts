/** Every command of the private socket. A new one: its types in messages.ts, its run beside this file, a line here. */
import type { ControlCommand } from '../messages.ts'
import * as account from './account.ts'
import * as agency from './agency.ts'
import type { CommandRun } from './command.ts'
import * as queue from './queue.ts'

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
  'agency.create': agency.create,
  'agency.list': agency.list,
  'queue.list': queue.list,
  'queue.show': queue.show,
  'queue.retry': queue.retry,
  'queue.cancel': queue.cancel,
}
