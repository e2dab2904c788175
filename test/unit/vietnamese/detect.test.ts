import assert from 'node:assert/strict'
import { test } from 'node:test'
import iconv from 'iconv-lite'
import { decodeText } from '../../../src/vietnamese/charsets/decode.ts'
import { syllableScore } from '../../../src/vietnamese/charsets/syllable.ts'
import { encodeLegacy, encodings } from '../../fixtures/message/legacy-encoder.ts'

/** Ten phrases of official mail; the last but one is a name of the Jrai, the last but two a single word. */
const phrases = [
  'Cộng hòa xã hội chủ nghĩa Việt Nam - Độc lập - Tự do - Hạnh phúc',
  'Kính gửi: Ủy ban nhân dân tỉnh',
  'Báo cáo tình hình kinh tế tháng 3 năm 2026',
  'Nguyễn Văn Đức',
  'Về việc triển khai kế hoạch chuyển đổi số',
  'Quyết định số 12/QĐ-UBND ngày 5/3',
  'Mời họp giao ban',
  'Hợp đồng',
  "Rơ Châm H'Yéo",
  'Trần Thị Bích Phượng, phòng Tài nguyên và Môi trường',
]

const more = [
  'Đặng Quốc Khánh',
  'Thông báo lịch tiếp công dân',
  'Đề nghị phê duyệt dự toán kinh phí',
  'Krông Pa, Đăk Đoa, Chư Prông',
  'Ksor Phước',
  'Ia Grai, Chư Păh, Kông Chro, Mang Yang',
  'Cảm ơn anh, em đã nhận được tài liệu rồi ạ',
  'Giấy mời dự lễ khánh thành',
  'Xin phép nghỉ việc riêng',
  'Danh sách cán bộ, công chức, viên chức',
]

function rightOf(list: readonly string[]): { right: number; wrong: string[] } {
  const wrong: string[] = []
  let right = 0
  for (const phrase of list) {
    for (const encoding of encodings) {
      const { text } = decodeText(encodeLegacy(phrase, encoding), null)
      // TCVN3 and VPS have no toned capitals of their own.
      if (text.toLowerCase() === phrase.toLowerCase()) right++
      else wrong.push(`${encoding}: ${phrase} -> ${text}`)
    }
  }
  return { right, wrong }
}

test('ten phrases in seven encodings without a label: better than 66 of 70', () => {
  const { right, wrong } = rightOf(phrases)
  assert.ok(right > 66, `${right} of ${phrases.length * encodings.length}\n${wrong.join('\n')}`)
})

test('ten more phrases, two of them highland names', () => {
  const { right, wrong } = rightOf(more)
  assert.equal(right, more.length * encodings.length, wrong.join('\n'))
})

const foreign = [
  'Où êtes-vous né ? Très bien, à bientôt, déjà vu, là-bas',
  'Élève à la fête, ça va, thé glacé et crème brûlée',
  'El niño comió mañana, está más allá y tú también',
  'Für Größe können wir müssen äußern, schöne Grüße',
  'It’s “fine” – really… café',
  'São Paulo não é só pão, mãe e irmão',
  'Møller på Åse, blåbær og fårikål',
  'naïve',
  'là',
  'Città però perché più',
]

test('French, Spanish, German, English and others stay what they are', () => {
  for (const text of foreign) {
    const western = decodeText(iconv.encode(text, 'windows-1252'), 'iso-8859-1')
    assert.deepEqual([western.text, western.charset], [text, 'windows-1252'])
    assert.equal(decodeText(Buffer.from(text), 'utf-8').text, text)
    assert.equal(decodeText(Buffer.from(text), null).text, text)
  }
})

test('Unicode text that looks like a legacy encoding is never decoded again', () => {
  for (const text of ['Hoà', 'Hoà và tôi', 'Có là có', 'Hoà bình là mãi mãi', 'xã Ia Ô', 'tôi và bà']) {
    assert.equal(decodeText(Buffer.from(text), 'utf-8').text, text)
    assert.equal(decodeText(Buffer.from(text), null).text, text)
  }
})

test('syllables: well formed, of the highlands, neither', () => {
  for (const word of ['việt', 'Nguyễn', 'ĐỒNG', 'quyết', 'giếng', 'gì', 'nghiêng', 'khuỷu', 'yêu', 'ở', 'qua', 'thuở']) {
    assert.equal(syllableScore(word), 1, word)
  }
  for (const word of ['Krông', 'Đăk', 'Blưh']) assert.equal(syllableScore(word), 0.6, word)
  for (const word of ['đỒng', 'schön', 'été', 'vịệt', 'qzứ', 'façade']) assert.equal(syllableScore(word), 0, word)
  // A syllable that ends in a stop takes only two tones.
  assert.ok(syllableScore('hòc') < 1)
})
