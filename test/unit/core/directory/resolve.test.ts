import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createDirectory } from '../../../../src/core/directory/resolve.ts'
import { world } from '../account/fakes.ts'

async function directory() {
  const w = await world()
  const people = ['lan@skhcn.gialai.gov.vn', 'mai@dakpo.gialai.gov.vn']
  for (const address of people) await w.acts.create({ address }, 'operator')
  await w.acts.addAlias('lan@skhcn.gialai.gov.vn', 'phong@skhcn.gialai.gov.vn', 'operator')
  await w.acts.create({ address: 'a+b@skhcn.gialai.gov.vn', freeForm: true }, 'operator')
  await w.acts.create({ address: 'abuse@dakpo.gialai.gov.vn', freeForm: true }, 'operator')
  return { ...w, directory: createDirectory(w, w.settings) }
}

describe('who is behind an address', () => {
  const cases: readonly (readonly [asked: string, expected: string])[] = [
    ['lan@skhcn.gialai.gov.vn', 'lan@skhcn.gialai.gov.vn'],
    ['LAN@Skhcn.GiaLai.gov.VN', 'lan@skhcn.gialai.gov.vn'],
    ['phong@skhcn.gialai.gov.vn', 'lan@skhcn.gialai.gov.vn'],
    ['lan+Tin.Moi@skhcn.gialai.gov.vn', 'lan@skhcn.gialai.gov.vn +tin.moi'],
    ['phong+x@skhcn.gialai.gov.vn', 'lan@skhcn.gialai.gov.vn +x'],
    ['lan+@skhcn.gialai.gov.vn', 'lan@skhcn.gialai.gov.vn +'],
    ['a+b@skhcn.gialai.gov.vn', 'a+b@skhcn.gialai.gov.vn'],
    ['"lan"@skhcn.gialai.gov.vn', 'lan@skhcn.gialai.gov.vn'],
    ['"l\\an"@skhcn.gialai.gov.vn', 'lan@skhcn.gialai.gov.vn'],
    ['lan@dakpo.gialai.gov.vn', 'unknown'],
    ['khongco@skhcn.gialai.gov.vn', 'unknown'],
    ['+@skhcn.gialai.gov.vn', 'unknown'],
    ['không có@skhcn.gialai.gov.vn', 'unknown'],
    ['lan@gialai.gov.vn', 'outside'],
    ['lan@example.com', 'outside'],
    ['lan', 'outside'],
    ['', 'outside'],
    ['@', 'outside'],
    ['lan@[127.0.0.1]', 'outside'],
    ['x'.repeat(1_000_000), 'outside'],
    ['abuse@dakpo.gialai.gov.vn', 'abuse@dakpo.gialai.gov.vn'],
    ['postmaster@skhcn.gialai.gov.vn', 'unknown'],
  ]
  for (const [asked, expected] of cases) {
    it(`${asked.slice(0, 40)} → ${expected}`, async () => {
      const answer = await (await directory()).directory.resolve(asked)
      const told = answer.kind === 'account' ? `${answer.account.address}${answer.detail === null ? '' : ` +${answer.detail}`}` : answer.kind
      assert.equal(told, expected)
    })
  }

  it('postmaster and abuse of our domains are the operators and administrators', async () => {
    const d = await directory()
    await d.acts.create({ address: 'vanhanh@skhcn.gialai.gov.vn', role: 'operator' }, 'operator')
    await d.acts.create({ address: 'quantri@skhcn.gialai.gov.vn', role: 'super-administrator' }, 'operator')
    await d.acts.create({ address: 'cu@skhcn.gialai.gov.vn', role: 'operator' }, 'operator')
    await d.accounts.change((await d.acts.byAddress('cu@skhcn.gialai.gov.vn'))!.id, { state: 'revoked' })
    await d.agencyActs.create({ label: '', name: 'Tỉnh' }, 'operator')
    for (const address of ['postmaster@skhcn.gialai.gov.vn', 'Postmaster', 'ABUSE@skhcn.gialai.gov.vn', 'postmaster@dakpo.gialai.gov.vn', 'abuse+x@skhcn.gialai.gov.vn']) {
      const answer = await d.directory.resolve(address)
      assert.equal(answer.kind, 'operator', address)
      const addresses = answer.kind === 'operator' ? answer.accounts.map((account) => account.address) : []
      assert.deepEqual(addresses, ['vanhanh@skhcn.gialai.gov.vn', 'quantri@skhcn.gialai.gov.vn'])
    }
    assert.equal((await d.directory.resolve('postmaster@example.com')).kind, 'outside')
    assert.equal((await d.directory.resolve('abuse@dakpo.gialai.gov.vn')).kind, 'account')
  })

  it('a revoked account is still behind its address', async () => {
    const d = await directory()
    await d.accounts.change((await d.acts.byAddress('lan@skhcn.gialai.gov.vn'))!.id, { state: 'revoked' })
    const answer = await d.directory.resolve('lan@skhcn.gialai.gov.vn')
    assert.equal(answer.kind === 'account' && answer.account.state, 'revoked')
  })
})

describe('whose address it is', () => {
  it('own primary address and aliases, with detail, in any case; nothing else', async () => {
    const { directory: d, acts } = await directory()
    const lan = (await acts.byAddress('lan@skhcn.gialai.gov.vn'))?.id ?? ''
    for (const address of ['lan@skhcn.gialai.gov.vn', 'Phong@skhcn.gialai.gov.vn', 'lan+x@skhcn.gialai.gov.vn']) assert.equal(await d.ownsAddress(lan, address), true, address)
    for (const address of ['mai@dakpo.gialai.gov.vn', 'lan@dakpo.gialai.gov.vn', 'a+b@skhcn.gialai.gov.vn', 'lan', '', 'postmaster@skhcn.gialai.gov.vn']) {
      assert.equal(await d.ownsAddress(lan, address), false, address)
    }
  })

  it('our domains', async () => {
    const { directory: d } = await directory()
    assert.deepEqual(await Promise.all(['skhcn.gialai.gov.vn', 'SKHCN.gialai.gov.vn', 'gialai.gov.vn', 'x.skhcn.gialai.gov.vn', '', 'a b'].map((one) => d.ownsDomain(one))), [true, true, false, false, false, false])
  })
})
