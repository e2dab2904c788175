import assert from 'node:assert/strict'
import { test } from 'node:test'
import { htmlText } from '../../../src/message/html-text.ts'

const table: readonly (readonly [string, string])[] = [
  ['', ''],
  ['no tags', 'no tags'],
  ['<p>one</p><p>two</p>', 'one\ntwo'],
  ['a<br>b<BR/>c', 'a\nb\nc'],
  ['<b>bo</b>ld and <i>it</i>alic', 'bold and italic'],
  ['<td>1</td><td>2</td>', '1 2'],
  ['line\n  wrapped\r\n in the source', 'line wrapped in the source'],
  ['x<script>var a = "</p>"</script>y<style>p {}</style>z', 'xyz'],
  ['x<!-- <p>hidden</p> -->y', 'xy'],
  ['<!DOCTYPE html><html><head><title>T</title></head><body>B</body></html>', 'T\nB'],
  ['Vi&#7879;t &amp; Nam &lt;3 &nbsp;&hellip; &eacute;&Ecirc; &unknown; &#x1EC7;', 'Việt & Nam <3 \u00a0… éÊ &unknown; ệ'],
  ['&#150;&#0;&#xD800;&#1114112;', '–\ufffd\ufffd\ufffd'],
  ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
  ['<a href="x>y">link</a>', 'link'],
  ["<a title='it is > \"'>link</a>", 'link'],
  ['<p class="unclosed>text</p>', 'text'],
  ['cut <p', 'cut'],
  ['cut <!-- comment', 'cut'],
  ['a<script>never closed', 'a'],
  ['a<object>never closed', 'anever closed'],
  ['<template>t</template>shown', 'shown'],
  ['<o:p></o:p>word', 'word'],
  ['<![if !vml]>x<![endif]>', 'x'],
  ['<font face=".VnTime">Céng hßa</font> caf\u00e9', 'Cộng hòa caf\u00e9'],
  ['<span style="font-family:.VnTimeH">Céng</span>', 'CỘNG'],
  ["<p style='font-family:\"VNI-Times\"'>Vieät <b>Nam</b></p>Vieät", 'Việt Nam\nVieät'],
  ['<font face=".VnTime">x· <font face="Arial">caf\u00e9</font> héi</font>', 'xã caf\u00e9 hội'],
]

test('readable text of HTML', () => {
  for (const [html, text] of table) assert.equal(htmlText(html), text, html)
})

test('legacy fonts in a document that is Unicode already change nothing', () => {
  assert.equal(htmlText('<font face=".VnTime">xã hội</font> <font face=".VnTime">xã</font>'), 'xã hội xã')
  assert.equal(htmlText('<font face=".VnTime">xã</font>', false), 'xã')
  assert.equal(htmlText('Độc lập <font face=".VnTime">Céng hßa</font>'), 'Độc lập Cộng hòa')
})

test('hostile HTML ends', () => {
  const pieces = ['<', '<a ', '<a "', "<a '", '<template>', '<object>', '<!--', '<font face=".VnTime">', '</font>', '&', '&#', '<p style="font-family:', '=', ' ', '\n']
  for (const piece of pieces) assert.ok(htmlText(`<font face=".VnTime">${piece.repeat(200_000)}`).length >= 0)
})
