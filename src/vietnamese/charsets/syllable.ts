/**
 * Is a word a well-formed Vietnamese syllable? The scorer of charset detection (regulation 3-charsets §3.4): bytes read
 * in the wrong encoding give letters, but hardly ever onset + rhyme + at most one tone in regular capitals.
 */

const tones = /[\u0300\u0301\u0303\u0309\u0323]/g

const words = (text: string): string[] => text.trim().split(/\s+/)

const onsets = new Set(['', ...words('b c ch d đ g gh gi h k kh l m n ng ngh nh p ph q r s t th tr v x')])

/** Rhymes without their tone. */
const rhymes = new Set(
  words(`
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
    i ich im in inh ip it iu ia iêc iêm iên iêng iêp iêt iêu
    o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot
    ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    u ua uc ui um un ung up ut uôc uôi uôm uôn uông uôt uơ uân uâng uât uây uê uêch uên uênh
    uy uya uych uyên uyêt uynh uyt uyp uyu ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
    y yêm yên yêng yêt yêu ynh yt`),
)

/** Rhymes after q, which is always followed by u. */
const rhymesAfterQ = new Set(
  words(`
    ua uac uach uai uan uang uanh uao uap uat uau uay uăc uăm uăn uăng uăp uăt uân uâng uât uây
    ue uen ueo uet uê uên uênh uêt uêch ui uy uyt uych uynh uyên uyêt uơ uơt uôc uôn uông uit`),
)

/** Rhymes after gi; bare gi keeps its own i. */
const rhymesAfterGi = new Set(['', 'n', 'nh', 'p', 't', 'm', 'êng', 'êt', 'ên', 'êp', 'êm', 'êc'])

/** A rhyme that ends in a stop has only the tones sắc and nặng. */
const stopped = /(?:c|ch|p|t)$/

/** Names of the highland peoples (Đăk, Krông, Blưh, Klơng, Kpă): clusters and ends that Vietnamese words lack. */
const highland =
  /^(?:[bcdđghklmnpqrstvy]|bl|br|ch|chr|dl|dr|đr|gl|gr|hl|hm|hn|hr|kb|kd|kh|kl|km|kn|kp|kr|ks|kt|ml|mn|mr|nh|ng|pl|pr|rm|rn|sr|th|tl|tr)?[aăâeêioôơuư]{1,3}[iu]?(?:[bcđghjklmnprst]|ch|ng|nh)?$/

const acuteOrDot = /[\u0301\u0323]/

/** Syllables of high frequency in letters and official papers: they decide between readings that are all well formed. */
const common = new Set(
  words(`
    và của các có là được trong cho với một không người những đã này để khi từ đến vào về như cũng việc năm tại ở phải nhiều đó
    trên nhà nước hội đồng ủy uỷ nhân dân tỉnh huyện xã thành phố sở phòng quyết định số ngày tháng chủ tịch giám đốc báo cáo
    thông tư nghị chính phủ thủ tướng bộ trưởng kế hoạch công văn gửi kính đề tổ chức thực hiện cán viên quản lý lí đầu
    thầu dự án đất đai tài môi trường giáo dục đào tạo học sinh y tế xây dựng kinh doanh thương mại điện tử địa phương sản xuất
    phát triển hợp tác quốc tế cộng hòa hoà nghĩa việt độc lập tự hạnh phúc hà nội hồ chí đà nẵng cần thơ huế nguyễn trần lê phạm
    hoàng huỳnh vũ võ đặng bùi đỗ ngô dương lý hữu thị đức quân hùng dũng tuấn trọng trân cảm ơn anh chị em ông bà cháu
    xin chào hỏi đáp lời mời họp cuộc buổi sáng chiều tối giờ phút tuần quý sáu bảy tám mười hai nghìn triệu tỷ đơn vị
    yêu cầu trả kết quả thời hạn chậm nhất trước sau giải trình kiểm tra thanh toán hóa hoá đơn thuế ngân hàng lương bảo hiểm xã
    khách mật khẩu tài khoản hộp thư máy tính mạng phần mềm hệ thống dữ liệu sự cố hỗ trợ kỹ thuật vấn
    rất đẹp tốt mới cũ lớn nhỏ cao thấp xa gần nóng lạnh mưa gió biển núi sông hồ đường cầu chợ quê mẹ bố cha con vợ chồng bạn bè`),
)

/** How a word looks: 1 for a Vietnamese syllable, 0.6 for a name of the highlands, 0 for neither. */
export function syllableScore(word: string): number {
  if (!regularCapitals(word)) return 0
  const lower = word.toLowerCase().normalize('NFD')
  const marks = lower.match(tones)
  if (marks !== null && marks.length > 1) return 0
  const plain = lower.replace(tones, '').normalize('NFC')
  const rhyme = rhymeOf(plain)
  if (rhyme !== null) return stopped.test(rhyme) && (marks === null ? /[ăâêôơưđ]/.test(plain) : !acuteOrDot.test(marks[0])) ? 0.3 : 1
  return marks === null && highland.test(plain) ? 0.6 : 0
}

/** Whether the word is among those of high frequency. */
export function isCommonSyllable(word: string): boolean {
  return common.has(word.toLowerCase().normalize('NFC'))
}

/** đồng, Đồng or ĐỒNG, never đỒng. */
function regularCapitals(word: string): boolean {
  const lower = word.toLowerCase()
  if (word === lower || word === word.toUpperCase()) return true
  return word.slice(1) === lower.slice(1)
}

/** The rhyme of a syllable without tone, or null when it is not onset + rhyme. */
function rhymeOf(plain: string): string | null {
  for (let length = Math.min(3, plain.length); length >= 0; length--) {
    const onset = plain.slice(0, length)
    if (!onsets.has(onset)) continue
    const rest = plain.slice(length)
    const known = onset === 'q' ? rhymesAfterQ : onset === 'gi' ? null : rhymes
    if (known === null ? rhymesAfterGi.has(rest) || rhymes.has(rest) : known.has(rest)) return rest
  }
  return null
}
