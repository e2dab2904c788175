/**
 * Families of more than one word, and clans that stand last (regulation, names §2.2). Data with its sources there, editable by
 * the Sở later; compared without accents. What is not listed is read family first, one word.
 */

/** First in the name. */
export const compoundFamilies: readonly string[] = [
  'Rơ Châm', 'Rah Lan', 'Rơ Mah', 'Rơ Lan', 'Rơ Ô', 'Âu Dương', 'Tôn Nữ', 'Tôn Thất', 'Công Tằng Tôn Nữ', 'Hoàng Phủ', 'Niê Kdăm',
]

/** Last in the name, after a given name with H' or Y (Ê-đê). */
export const trailingClans: readonly string[] = [
  'Niê', 'Niê Kdăm', 'Mlô', 'Mlô Dun Du', 'Êban', 'Kbuôr', 'Knul', 'Ayŭn', 'Byă', 'Buôn Yă', 'Hmŏk', 'Hwing', 'Kđoh', 'Krông', 'Buôn Krông',
  'Ktla', 'Kpơr', 'Ênuôl', 'Kmăn',
]
