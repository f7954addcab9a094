//! Which part of a foreign name is the family's.
//!
//! In: the words of a name in Latin letters or katakana. Out: which words are the family name, and how certain that is. Why:
//! Vietnam, China and Korea write the family name first, the Philippines and Brazil last, passports and residence cards
//! everybody's first, and people sign either way. A listed word tells the order; without one, it cannot be known, and the
//! confidence says so.
//!
//! The lists are our own, of the most frequent names of the residents' largest nationalities in the Immigration Services
//! Agency's statistics: facts that any telephone book shows.

use crate::kana::is_kana;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization;

/// The family names of Vietnam, without marks, and in katakana.
const VIETNAM: &str = "NGUYEN TRAN LE PHAM HOANG HUYNH PHAN VU VO DANG BUI DO HO NGO DUONG LY DINH TRINH TRUONG DOAN MAI DAO LUONG \
    LUU TA QUACH グエン グェン グエーン チャン レ レー ファム ホアン フイン ファン ヴー ブー ヴォー ボー ダン ブイ ドー ホー ゴー ズオン リー ディン チン \
    チュオン ドアン マイ ダオ ルオン";
/// The family names of China, Taiwan and Korea, in their systems of romanization, and in katakana. No word that is a Japanese
/// name too (MA, ABE).
const CHINA_KOREA: &str = "WANG LI ZHANG LIU CHEN YANG HUANG ZHAO WU ZHOU XU SUN ZHU HU GUO HE LIN LUO LIANG SONG ZHENG XIE \
    HAN TANG FENG YU DONG XIAO CHENG CAO YUAN DENG FU SHEN ZENG PENG LU SU JIANG CAI JIA DING WEI XUE YE YAN PAN DU DAI XIA ZHONG \
    TIAN REN FAN FANG SHI YAO TAN LIAO ZOU XIONG HAO KONG BAI CUI KANG QIU QIN JIN GAO HUANG CHANG WONG CHAN CHEUNG LAM LEUNG TSAI \
    HSU HSIEH KIM LEE PARK CHOI CHOE JUNG JEONG CHUNG JO YOON YUN JANG LIM OH SEO SHIN KWON HWANG AHN RYU YOO HONG BAE \
    ワン リ リー チャン ジャン リウ リュウ チェン ヤン ホアン ファン ジャオ ウー ジョウ シュー シュウ スン ジュー フー グオ フェン ドン ソン \
    シエ タン キム パク チェ チョン カン チョ ユン イム シン クォン アン";
/// Family names of the Philippines, Brazil, Peru, Nepal, Indonesia, Thailand, India and English-speaking countries.
const WEST_SOUTH: &str = "SMITH JOHNSON WILLIAMS BROWN JONES MILLER DAVIS WILSON ANDERSON TAYLOR MOORE JACKSON WHITE HARRIS \
    CLARK LEWIS ROBINSON WALKER YOUNG KING WRIGHT HILL GREEN ADAMS BAKER NELSON CARTER MITCHELL ROBERTS TURNER PHILLIPS CAMPBELL \
    SANTOS REYES CRUZ BAUTISTA OCAMPO GARCIA MENDOZA TORRES CASTILLO FLORES VILLANUEVA RAMOS CASTRO RIVERA AQUINO NAVARRO MERCADO \
    SILVA SOUZA OLIVEIRA PEREIRA LIMA CARVALHO FERREIRA RIBEIRO RODRIGUES ALMEIDA NASCIMENTO ALVES BARBOSA ROCHA DIAS MOREIRA \
    NUNES MENDES FREITAS TEIXEIRA CARDOSO RODRIGUEZ LOPEZ GONZALEZ HERNANDEZ MARTINEZ SANCHEZ PEREZ GOMEZ DIAZ QUISPE FERNANDEZ \
    SHARMA SINGH KUMAR PATEL GUPTA THAPA GURUNG TAMANG SHRESTHA RAI MAGAR KHADKA ADHIKARI BASNET POUDEL \
    スミス ジョンソン ウィリアムズ ブラウン ジョーンズ ミラー デイビス ウィルソン アンダーソン テイラー サントス レイエス クルス \
    クルーズ バウティスタ ガルシア メンドーサ トーレス フローレス ラモス カストロ シルバ シルヴァ ソウザ オリベイラ オリヴェイラ \
    ペレイラ リマ フェレイラ ロドリゲス アルメイダ アウベス シャルマ シン クマール タパ グルン タマン シュレスタ";
/// Given names of the same countries.
const GIVEN: &str = "JOHN JAMES ROBERT MICHAEL WILLIAM DAVID RICHARD JOSEPH THOMAS CHARLES CHRISTOPHER DANIEL MATTHEW \
    ANTHONY MARK PAUL STEVEN ANDREW PETER KEVIN BRIAN GEORGE EDWARD JASON RYAN ERIC JONATHAN MARY PATRICIA JENNIFER LINDA ELIZABETH \
    BARBARA SUSAN JESSICA SARAH KAREN LISA NANCY EMILY MICHELLE LAURA AMANDA STEPHANIE ANGELA MARIA JOSE JUAN MARIE ROSE GRACE JOY \
    ANGEL CHRISTINE JOHNNY MARICEL ROWENA JOAO ANTONIO FRANCISCO CARLOS PAULO PEDRO LUCAS LUIZ MARCOS LUIS GABRIEL RAFAEL MARCELO \
    FELIPE EDUARDO FERNANDO ANA ADRIANA JULIANA FERNANDA PATRICIA ALINE CAMILA BRUNA JESUS JORGE MIGUEL ROSA CARMEN RAM SITA \
    ジョン ジェームズ ロバート マイケル ウィリアム デイビッド デヴィッド リチャード ジョセフ トーマス チャールズ クリストファー \
    ダニエル マシュー マーク ポール スティーブン アンドリュー ピーター ケビン ブライアン ジョージ エドワード メアリー ジェニファー \
    リンダ エリザベス バーバラ スーザン ジェシカ サラ マリア ホセ フアン ジョアン アントニオ フランシスコ カルロス パウロ ペドロ \
    ルーカス ルイス ガブリエル ラファエル フェルナンド アナ アドリアナ フェルナンダ";
/// Words that begin a family name of several words. VAN is also a middle name of Vietnam.
const PARTICLES: &str = "DE DEL DELA DELOS DELAS DA DAS DO DOS DI VAN VON DER DEN LA LAS LOS EL AL BIN BINTI \
    デ デル デラ ダ ドス ダス ヴァン ファン フォン ラ ロス";
/// Second words that only Vietnamese names have.
const VIETNAM_MIDDLE: &str = "THI VAN DUC HUU DINH XUAN MINH THANH QUANG ティ ティー バン ヴァン ミン";

// Confidences in the order. Judgements.

/// A listed word at one end, and nothing against it.
const LISTED: f32 = 0.9;
/// Words at both ends that may be either.
const BOTH_LISTED: f32 = 0.6;
/// Nothing is listed.
const UNKNOWN: f32 = 0.55;

/// What a word of a foreign name is known to be. Several may hold.
#[derive(Debug, Clone, Copy, Default)]
struct Known(u8);

impl Known {
    const VIETNAM: u8 = 1;
    const CHINA_KOREA: u8 = 2;
    const WEST_SOUTH: u8 = 4;
    const GIVEN: u8 = 8;
    const PARTICLE: u8 = 16;
    const VIETNAM_MIDDLE: u8 = 32;

    fn is(self, what: u8) -> bool {
        self.0 & what != 0
    }

    fn family(self) -> bool {
        self.is(Self::VIETNAM | Self::CHINA_KOREA | Self::WEST_SOUTH) && !self.is(Self::GIVEN)
    }
}

/// The words that are the family name, and the confidence in it.
pub(super) struct Order {
    pub(super) family: Range<usize>,
    pub(super) confidence: f32,
}

/// What the words of a foreign name tell of its order. `None` if no word is listed.
pub(super) fn order(words: &[String]) -> Option<Order> {
    let known: Vec<Known> = words.iter().map(|word| known(word)).collect();
    let (n, first, last) = (words.len(), *known.first()?, *known.last()?);
    let found = |family, confidence| Some(Order { family, confidence });
    if n < 2 || known.iter().all(|k| k.0 == 0) {
        return None;
    }
    if first.is(Known::VIETNAM) && n > 2 && (known[1].is(Known::VIETNAM_MIDDLE) || !last.is(Known::WEST_SOUTH)) {
        return found(0..1, LISTED);
    }
    if last.is(Known::VIETNAM) && n > 2 && known[n - 2].is(Known::VIETNAM_MIDDLE) {
        return found(n - 1..n, LISTED);
    }
    // DE LA CRUZ MARIA and Maria De La Cruz.
    if first.is(Known::PARTICLE) {
        let end = known.iter().position(|k| !k.is(Known::PARTICLE))? + 1;
        return if end < n { found(0..end, LISTED) } else { None };
    }
    if let Some(particle) = known[..n - 1].iter().position(|k| k.is(Known::PARTICLE)).filter(|&at| at > 0) {
        return found(particle..n, if first.family() { BOTH_LISTED } else { LISTED });
    }
    let asian = Known::VIETNAM | Known::CHINA_KOREA;
    if let Some(given) = known.iter().position(|k| k.is(Known::GIVEN)) {
        // John William Smith; SMITH JOHN WILLIAM; SILVA SANTOS JOAO.
        return match given {
            0 if last.is(Known::GIVEN) && !last.family() => None,
            0 => found(n - 1..n, LISTED),
            _ if known[..given].iter().all(|k| k.family()) => found(0..given, LISTED),
            _ if last.family() => found(n - 1..n, BOTH_LISTED),
            _ => found(0..1, BOTH_LISTED),
        };
    }
    match (first.family(), last.family()) {
        (true, false) => found(0..1, LISTED),
        (false, true) => found(n - 1..n, LISTED),
        // LI WEI: both are family names; East Asia writes the family's first.
        (true, true) if first.is(asian) => found(0..1, BOTH_LISTED),
        (true, true) => found(n - 1..n, BOTH_LISTED),
        (false, false) => None,
    }
}

/// The order of words of which none is listed: the family name first or last.
pub(super) fn unknown_order(n: usize, family_first: bool) -> Order {
    Order { family: if family_first { 0..1 } else { n - 1..n }, confidence: UNKNOWN }
}

/// Whether a list has the word.
pub(super) fn is_listed(word: &str) -> bool {
    known(word).0 != 0
}

fn known(word: &str) -> Known {
    static WORDS: OnceLock<Vec<(Cow<'static, str>, u8)>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        let lists = [
            (VIETNAM, Known::VIETNAM),
            (CHINA_KOREA, Known::CHINA_KOREA),
            (WEST_SOUTH, Known::WEST_SOUTH),
            (GIVEN, Known::GIVEN),
            (PARTICLES, Known::PARTICLE),
            (VIETNAM_MIDDLE, Known::VIETNAM_MIDDLE),
        ];
        let mut words: Vec<(Cow<'static, str>, u8)> =
            lists.iter().flat_map(|(list, what)| list.split_whitespace().map(|w| (folded(w), *what))).collect();
        words.sort();
        words.dedup_by(|a, b| {
            let same = a.0 == b.0;
            b.1 |= if same { a.1 } else { 0 };
            same
        });
        words
    });
    let key = folded(word);
    words.binary_search_by(|row| row.0.cmp(&key)).map_or(Known::default(), |at| Known(words[at].1))
}

/// Capitals without marks (NGUYỄN is NGUYEN, JOÃO JOAO); a word that begins in katakana as it is.
fn folded(word: &str) -> Cow<'_, str> {
    if word.starts_with(is_kana) {
        return Cow::Borrowed(word);
    }
    let plain = |c: char| match c {
        'đ' | 'Đ' => 'D',
        other => other.to_ascii_uppercase(),
    };
    Cow::Owned(word.nfd().filter(|c| c.is_alphabetic()).map(plain).filter(char::is_ascii).collect())
}
