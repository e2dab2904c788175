/** Who may import whom (design §4), and the shape of the tree: read from the sources, so that it stays true. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const source = join(root, 'src')

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : /\.tsx?$/.test(entry.name) ? [join(folder, entry.name)] : [],
  )
}

interface Import {
  readonly from: string
  readonly target: string
  readonly typeOnly: boolean
}

const importPattern = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(importPattern)].map((match) => ({
    from: relative(source, file),
    target: (match[2] ?? match[3])!,
    typeOnly: match[1] !== undefined,
  }))
}

/** `src`-relative path of a relative import, or the specifier itself for packages and node: modules. */
function targetPath(one: Import): string {
  return one.target.startsWith('.') ? relative(source, resolve(source, dirname(one.from), one.target)) : one.target
}

const files = filesBelow(source)
const imports = files.flatMap(importsOf)

/** What core may take from Node: nothing that touches the world. */
const harmless = new Set(['node:buffer'])

const areas: readonly { readonly folder: string; readonly ours: readonly string[]; readonly packages: RegExp }[] = [
  { folder: 'lib/', ours: ['lib/'], packages: /./ },
  { folder: 'vietnamese/', ours: ['vietnamese/'], packages: /^(iconv-lite|node:buffer)$/ },
  { folder: 'config/', ours: ['config/', 'lib/', 'vietnamese/'], packages: /./ },
  { folder: 'message/', ours: ['message/', 'lib/', 'vietnamese/'], packages: /^(iconv-lite|node:(buffer|zlib))$/ },
  { folder: 'sieve/', ours: ['sieve/', 'message/', 'lib/'], packages: /^node:buffer$/ },
  { folder: 'core/', ours: ['core/', 'message/', 'sieve/', 'vietnamese/', 'lib/'], packages: new RegExp(`^(${[...harmless].join('|')})$`) },
  { folder: 'jobs/', ours: ['jobs/', 'core/', 'lib/'], packages: /^$/ },
  { folder: 'cli/', ours: ['cli/', 'lib/', 'config/', 'vietnamese/', 'protocols/control/messages.ts'], packages: /^node:/ },
]

const told = (one: Import): string => `src/${one.from} imports ${one.target}`

for (const area of areas) {
  test(`src/${area.folder} imports only what it may`, () => {
    const wrong = imports
      .filter((one) => one.from.startsWith(area.folder))
      .filter((one) => {
        const target = targetPath(one)
        return one.target.startsWith('.') ? !area.ours.some((folder) => target.startsWith(folder)) : !area.packages.test(target)
      })
    assert.deepEqual(wrong.map(told), [])
  })
}

test('an adapter imports core, message, vietnamese, lib and its own folder, never another adapter or a protocol', () => {
  const wrong = imports
    .filter((one) => one.from.startsWith('adapters/') && one.target.startsWith('.'))
    .filter((one) => {
      const own = one.from.split('/').slice(0, 2).join('/')
      return !['core/', 'message/', 'vietnamese/', 'lib/', `${own}/`].some((folder) => targetPath(one).startsWith(folder))
    })
  assert.deepEqual(wrong.map(told), [])
})

test('a protocol imports core without its ports, and of the protocols only itself and the shared part', () => {
  const wrong = imports
    .filter((one) => one.from.startsWith('protocols/') && one.target.startsWith('.'))
    .filter((one) => {
      const target = targetPath(one)
      const own = one.from.split('/').slice(0, 2).join('/')
      if (target.startsWith('core/ports/')) return true
      return !['core/', 'message/', 'sieve/', 'vietnamese/', 'lib/', 'protocols/shared/', `${own}/`].some((folder) => target.startsWith(folder))
    })
  assert.deepEqual(wrong.map(told), [])
})

test('jobs never see a port', () => {
  assert.deepEqual(imports.filter((one) => one.from.startsWith('jobs/') && targetPath(one).startsWith('core/ports/') && !one.typeOnly).map(told), [])
})

test('only compose.ts and its pieces (compose-*.ts) name adapters', () => {
  const wrong = imports.filter((one) => targetPath(one).startsWith('adapters/') && !one.from.startsWith('adapters/') && !/^compose(-[a-z]+)*\.ts$/.test(one.from))
  assert.deepEqual(wrong.map(told), [])
})

test('no folder or file is named after nothing in particular', () => {
  const vague = /(^|[/.-])(utils?|helpers?|manager|service|handler|common|base|misc)([./-]|$)/
  assert.deepEqual(files.map((file) => relative(source, file)).filter((file) => vague.test(file)), [])
})

test('files are kebab-case and at most 500 lines', () => {
  const wrong = files.filter((file) => {
    const name = relative(source, file)
    const lines = readFileSync(file, 'utf8').split('\n').length
    return !/^[a-z0-9./-]+$/.test(name) || (lines > 501 && !/\/(tables?|data)[/.-]|-table\.ts$/.test(name))
  })
  assert.deepEqual(wrong.map((file) => `${relative(source, file)} (${statSync(file).size} bytes)`), [])
})

test('every source file opens with a comment that says what it is', () => {
  const silent = files.filter((file) => !/^(#!.*\n)?\s*\/(\*\*|\/)/.test(readFileSync(file, 'utf8')))
  assert.deepEqual(silent.map((file) => relative(source, file)), [])
})

test('no process.exit in src', () => {
  assert.deepEqual(files.filter((file) => /\bprocess\.exit\(/.test(readFileSync(file, 'utf8'))).map((file) => relative(source, file)), [])
})
