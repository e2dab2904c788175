import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTracer, headerDate, type Trace } from '../../../../src/core/delivery/trace.ts'
import type { DeliveryFacts } from '../../../../src/core/mail.ts'

const facts: DeliveryFacts = {
  remoteIp: '192.0.2.1', remoteName: 'mx.example.org', helo: 'mx', tls: false, spf: null, dkim: null, dmarc: null, spam: null, virus: null, dnsLists: [], unanswered: [],
}
const trace: Trace = {
  hostname: 'mail.example', transaction: '01tx', sender: 'a@b.c', onlyRecipient: null, facts, origin: 'outside', receivedAtMs: Date.UTC(2026, 11, 31, 20, 5, 9), utcOffsetMinutes: 420,
}
const outgoing = (given: Partial<Trace>): string => Buffer.from(createTracer({ ...trace, ...given }).outgoing()).toString().replaceAll('\r\n\t', ' ')
const local = (given: Partial<Trace>, to = 'x@y.z'): string => Buffer.from(createTracer({ ...trace, ...given }).local(to)).toString()

const received: readonly (readonly [what: string, given: Partial<Trace>, line: string])[] = [
  ['outside', {}, 'from mx (mx.example.org [192.0.2.1]) by mail.example with ESMTP id 01tx'],
  ['TLS', { facts: { ...facts, tls: true } }, 'from mx (mx.example.org [192.0.2.1]) by mail.example with ESMTPS id 01tx'],
  ['submission', { origin: 'submission', facts: { ...facts, tls: true } }, 'from mx (mx.example.org [192.0.2.1]) by mail.example with ESMTPSA id 01tx'],
  ['submission without TLS', { origin: 'submission' }, 'from mx (mx.example.org [192.0.2.1]) by mail.example with ESMTPA id 01tx'],
  ['IPv6 without a name', { facts: { ...facts, remoteIp: '2001:db8::1', remoteName: null } }, 'from mx ([IPv6:2001:db8::1]) by mail.example with ESMTP id 01tx'],
  ['a client that said nothing', { facts: { ...facts, helo: null, remoteIp: null, remoteName: null } }, 'from unknown by mail.example with ESMTP id 01tx'],
  ['no facts', { facts: null }, 'by mail.example with LMTP id 01tx'],
  ['the system itself', { facts: null, origin: 'system' }, 'by mail.example id 01tx'],
  ['one recipient', { onlyRecipient: 'x@y.z' }, 'from mx (mx.example.org [192.0.2.1]) by mail.example with ESMTP id 01tx for <x@y.z>'],
]
for (const [what, given, line] of received) {
  test(`Received: ${what}`, () => assert.equal(outgoing(given), `Received: ${line}; Fri, 01 Jan 2027 03:05:09 +0700\r\n`))
}

test('nothing from outside can add a line or a clause', () => {
  const evil = 'x)\r\nBcc: y; by z (\0' + 'é'.repeat(400)
  const text = local({ facts: { ...facts, helo: evil, remoteName: evil, remoteIp: evil, spf: { result: evil, domain: evil } }, sender: 'a\r\nX: b@c', onlyRecipient: 'x\ny@z' }, 'q\r@r')
  for (const line of text.trimEnd().split('\r\n')) assert.match(line, /^(Return-Path|Delivered-To|Received|Authentication-Results|\t)/)
  assert.ok(!/[\r\n\0](?![\n\t])/.test(text.replaceAll('\r\n', '').replaceAll('\t', '')))
  assert.ok(!text.includes('é'))
})

test('results of checks are told for outside mail only, and not when nothing was checked', () => {
  const checked = { ...facts, spf: { result: 'pass', domain: 'b.c' } }
  assert.match(local({ facts: checked }), /^Return-Path: <a@b\.c>\r\nDelivered-To: x@y\.z\r\nAuthentication-Results: mail\.example;\r\n\tspf=pass smtp\.mailfrom=b\.c\r\nReceived: /)
  assert.ok(!local({}).includes('Authentication-Results'))
  assert.ok(!local({ facts: checked, origin: 'submission' }).includes('Authentication-Results'))
  assert.ok(!outgoing({ facts: checked }).includes('Authentication-Results'))
})

test('dates of the same second are the same text, of others not', () => {
  const atMs = Date.UTC(2026, 0, 1)
  assert.equal(headerDate(atMs, 420), headerDate(atMs + 999, 420))
  assert.notEqual(headerDate(atMs, 420), headerDate(atMs + 1000, 420))
  assert.equal(headerDate(atMs, -210), 'Wed, 31 Dec 2025 20:30:00 -0330')
})
