//! Invented exports for the bench: lines of a TSV in, files of 60 to 200 rows out.
//!
//! A line is `file, column, meanings, values`. Values name a generator: `seq:K:1001`, `code:AA9999`, `family`, `tel#1`,
//! `birth:%Y/%m/%d`, `pick:a/b/c`, with `?30` behind it for 30 % of the rows. In a file whose name ends in `+.csv` people come
//! with orders of one to three lines; in others a row is a person. All people are invented: names are drawn from usual
//! ones, mail addresses end in `.test`.

use std::collections::BTreeMap;

/// The bytes of a file, and its columns with what they may mean.
pub(crate) type File = (String, Vec<(&'static str, &'static str)>);

const FAMILY: [[&str; 3]; 16] = [
    ["田村", "タムラ", "tamura"],
    ["岡本", "オカモト", "okamoto"],
    ["小川", "オガワ", "ogawa"],
    ["中島", "ナカジマ", "nakajima"],
    ["藤井", "フジイ", "fujii"],
    ["西村", "ニシムラ", "nishimura"],
    ["福田", "フクダ", "fukuda"],
    ["太田", "オオタ", "ota"],
    ["三浦", "ミウラ", "miura"],
    ["岡田", "オカダ", "okada"],
    ["松田", "マツダ", "matsuda"],
    ["中川", "ナカガワ", "nakagawa"],
    ["原田", "ハラダ", "harada"],
    ["小野", "オノ", "ono"],
    ["竹内", "タケウチ", "takeuchi"],
    ["金子", "カネコ", "kaneko"],
];
const GIVEN: [[&str; 3]; 14] = [
    ["直樹", "ナオキ", "naoki"],
    ["千尋", "チヒロ", "chihiro"],
    ["誠", "マコト", "makoto"],
    ["恵子", "ケイコ", "keiko"],
    ["健一", "ケンイチ", "kenichi"],
    ["美咲", "ミサキ", "misaki"],
    ["大輔", "ダイスケ", "daisuke"],
    ["由美子", "ユミコ", "yumiko"],
    ["翔太", "ショウタ", "shota"],
    ["香織", "カオリ", "kaori"],
    ["浩", "ヒロシ", "hiroshi"],
    ["明美", "アケミ", "akemi"],
    ["拓也", "タクヤ", "takuya"],
    ["陽子", "ヨウコ", "yoko"],
];
/// Postal code, prefecture, its number, municipality, town, area code.
const PLACES: [[&str; 6]; 8] = [
    ["160-0022", "東京都", "13", "新宿区", "新宿", "03"],
    ["604-8005", "京都府", "26", "京都市中京区", "恵比須町", "075"],
    ["450-0002", "愛知県", "23", "名古屋市中村区", "名駅", "052"],
    ["530-0001", "大阪府", "27", "大阪市北区", "梅田", "06"],
    ["220-0011", "神奈川県", "14", "横浜市西区", "高島", "045"],
    ["060-0001", "北海道", "01", "札幌市中央区", "北一条西", "011"],
    ["810-0001", "福岡県", "40", "福岡市中央区", "天神", "092"],
    ["980-0021", "宮城県", "04", "仙台市青葉区", "中央", "022"],
];
const ITEMS: [(&str, u64); 8] = [
    ("陶器の皿 21cm", 2200),
    ("木の匙 2本組", 880),
    ("麻の布巾", 660),
    ("急須 黒", 5500),
    ("湯のみ（大）", 1320),
    ("竹かご", 3850),
    ("Tシャツ M ネイビー", 2980),
    ("炊飯土鍋 三合", 9800),
];

/// A number that is always the same for the same text and place.
fn draw(what: &str, at: u64) -> u64 {
    let mut x = what.bytes().fold(0xcbf2_9ce4_8422_2325 ^ at.wrapping_mul(0x9E37_79B9_7F4A_7C15), |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// What a row is about.
struct Row {
    row: u64,
    person: u64,
    order: u64,
    line: u64,
    item: usize,
    quantity: u64,
    total: u64,
}

fn rows(file: &str) -> Vec<Row> {
    let count = 60 + draw(file, 0) % 141;
    let mut out: Vec<Row> = Vec::new();
    let mut order = 0;
    while (out.len() as u64) < count {
        let orders = file.ends_with("+.csv");
        let lines = if orders { 1 + draw("lines", order) % 3 } else { 1 };
        let person = if orders { draw("buyer", order) % 50 } else { order };
        let item = |line: u64| (draw("item", order * 7 + line) % ITEMS.len() as u64) as usize;
        let quantity = |line: u64| 1 + draw("qty", order * 7 + line) % 3;
        let total = (0..lines).map(|line| ITEMS[item(line)].1 * quantity(line)).sum();
        for line in 0..lines {
            let row = out.len() as u64;
            out.push(Row { row, person, order, line, item: item(line), quantity: quantity(line), total });
        }
        order += 1;
    }
    out
}

/// `9` is a digit, `A` a letter, `x` a hexadecimal digit; others stand for themselves. The last four digits count, so that no two
/// are equal.
fn code(pattern: &str, at: u64) -> String {
    let mut left = pattern.chars().filter(|c| matches!(c, '9' | 'A' | 'x')).count() as u32;
    let mut one = |c: char| {
        if !matches!(c, '9' | 'A' | 'x') {
            return c;
        }
        left -= 1;
        let any = draw(pattern, at * 40 + u64::from(left));
        match c {
            '9' if left < 4 => char::from(b'0' + (at / 10u64.pow(left) % 10) as u8),
            '9' => char::from(b'0' + (any % 10) as u8),
            'A' => char::from(b'A' + (any % 26) as u8),
            _ => char::from_digit((any % 16) as u32, 16).unwrap_or('0'),
        }
    };
    pattern.chars().map(&mut one).collect()
}

fn time(format: &str, what: &str, at: u64, years: (u64, u64)) -> String {
    let any = draw(what, at);
    let two = |n: u64| format!("{n:02}");
    let (month, day) = (1 + any / 100 % 12, 1 + any / 2000 % 28);
    let year = years.0 + any % (years.1 - years.0 + 1);
    format
        .replace("%Y", &year.to_string())
        .replace("%E", &era(year))
        .replace("%m", &two(month))
        .replace("%d", &two(day))
        .replace("%M", &month.to_string())
        .replace("%D", &day.to_string())
        .replace("%h", &two(9 + any / 90_000 % 12))
        .replace("%i", &two(any / 7_000_000 % 60))
        .replace("%s", &two(any / 900_000_000 % 60))
}

fn era(year: u64) -> String {
    if year < 1989 { format!("S{}", year - 1925) } else { format!("H{}", year - 1988) }
}

fn hiragana(katakana: &str) -> String {
    let small = |c: char| if ('ァ'..='ヶ').contains(&c) { char::from_u32(c as u32 - 0x60).unwrap_or(c) } else { c };
    katakana.chars().map(small).collect()
}

fn halfwidth(katakana: &str) -> String {
    const FULL: &str = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワンョ";
    const HALF: &str = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝｮ";
    let one = |c: char| {
        let found = |c: char| FULL.chars().position(|f| f == c).and_then(|at| HALF.chars().nth(at));
        let plain = char::from_u32(c as u32 - 1).filter(|_| found(c).is_none());
        match (found(c), plain.and_then(found)) {
            (Some(half), _) => half.to_string(),
            (None, Some(half)) => format!("{half}ﾞ"),
            _ => c.to_string(),
        }
    };
    katakana.chars().map(one).collect()
}

/// The cell of a column.
fn cell(file: &str, column: &str, values: &str, r: &Row) -> String {
    let (values, share) = match values.rsplit_once(" ?") {
        Some((values, share)) => (values, share.parse().expect("a share")),
        None => (values, 100),
    };
    if draw(column, r.order * 3 + 1) % 100 >= share {
        return String::new();
    }
    let p = r.person;
    let family = FAMILY[(draw("family", p) % 16) as usize];
    let given = GIVEN[(draw("given", p) % 14) as usize];
    let place = PLACES[(draw("place", p) % 8) as usize];
    let (a, b, c) = (1 + draw("a", p) % 4, 1 + draw("b", p) % 30, 1 + draw("c", p) % 20);
    let street = format!("{}{a}-{b}-{c}", place[4]);
    let building = ["", "", "第一ビル", "メゾン緑"][(draw("house", p) % 4) as usize];
    let building =
        if building.is_empty() { String::new() } else { format!("{building}{}", 101 + draw("room", p) % 800) };
    let four = draw("phone", p) % 10_000;
    let three = draw("exchange", p) % 1000;
    let cut = |text: String, at: usize| text.split('-').nth(at).unwrap_or("").to_owned();
    let (kind, rest) = values.split_once([':', '#']).unwrap_or((values, ""));
    let mobile = format!("090-5{three:03}-{four:04}");
    let tel = format!("{}-5{:0width$}-{four:04}", place[5], three % 100, width = 5 - place[5].len());
    let joined = |a: &str, b: &str| match rest {
        "none" => format!("{a}{b}"),
        "wide" => format!("{a}　{b}"),
        "half" => halfwidth(&format!("{a} {b}")),
        _ => format!("{a} {b}"),
    };
    let range = |at: u64| {
        let (low, high) = rest.split_once(':').expect("a range");
        let (low, high): (u64, u64) = (low.parse().expect("low"), high.parse().expect("high"));
        low + draw(column, at) % (high - low + 1)
    };
    let thousands = |n: u64| if n < 1000 { n.to_string() } else { format!("{},{:03}", n / 1000, n % 1000) };
    let written = |n: u64| match rest {
        "yen" => format!("¥{}", thousands(n)),
        "comma" => thousands(n),
        _ => n.to_string(),
    };
    match kind {
        "seq" => {
            let (prefix, start) = rest.split_once(':').expect("prefix and start");
            let at = if file.ends_with("+.csv") { r.order } else { p };
            format!("{prefix}{}", start.parse::<u64>().expect("start") + at * 3)
        }
        "row" => format!("{}", rest.parse::<u64>().expect("start") + r.row),
        "line" => (r.line + 1).to_string(),
        "code" => code(rest, p),
        "ocode" => code(rest, r.order),
        "rcode" => code(rest, r.row),
        "icode" => code(rest, r.item as u64),
        "name" => joined(family[0], given[0]),
        "family" => family[0].to_owned(),
        "given" => given[0].to_owned(),
        "kana" => joined(family[1], given[1]),
        "hira" => hiragana(&joined(family[1], given[1])),
        "fkana" => {
            if rest == "half" {
                halfwidth(family[1])
            } else {
                family[1].to_owned()
            }
        }
        "gkana" => {
            if rest == "half" {
                halfwidth(given[1])
            } else {
                given[1].to_owned()
            }
        }
        "romaji" => format!("{} {}", given[2], family[2]).to_uppercase(),
        "email" => format!("{}.{}{}@{}-mail.test", given[2], family[2], draw("mail", p) % 1000, &place[1].len()),
        "mobile" if rest.is_empty() => mobile,
        "mobile" if rest == "intl" => format!("+81{}", mobile[1..].replace('-', "")),
        "mobile" => mobile.replace('-', ""),
        "tel" if values.contains('#') => cut(tel, rest.parse::<usize>().expect("part") - 1),
        "tel" if rest.is_empty() => tel,
        "tel" => tel.replace('-', ""),
        "zip" if values.contains('#') => cut(place[0].to_owned(), rest.parse::<usize>().expect("part") - 1),
        "zip" if rest.is_empty() => place[0].to_owned(),
        "zip" => place[0].replace('-', ""),
        "pref" => place[1].to_owned(),
        "prefcode" => place[2].to_owned(),
        "city" => place[3].to_owned(),
        "street" => street,
        "building" => building,
        "place" => format!("{}{street}", place[3]),
        "address" => format!("{}{}{street} {building}", place[1], place[3]).trim().to_owned(),
        "birth" => time(rest, "birth", p, (1945, 2004)),
        "date" => time(rest, column, r.order, (2023, 2025)),
        "pick" => {
            let all: Vec<&str> = rest.split('/').collect();
            all[(draw(column, r.order) % all.len() as u64) as usize].to_owned()
        }
        "int" => range(r.row).to_string(),
        "money" => thousands(range(r.row)),
        "item" => ITEMS[r.item].0.to_owned(),
        "jan" => jan(r.item as u64),
        "price" => written(ITEMS[r.item].1),
        "qty" => r.quantity.to_string(),
        "amount" => written(ITEMS[r.item].1 * r.quantity),
        "total" => written(r.total),
        "empty" => String::new(),
        _ => panic!("no generator {values} of {file} {column}"),
    }
}

/// An article's number with its check digit (GS1, modulus 10).
fn jan(item: u64) -> String {
    let digits = format!("49{:010}", 1_234_500 + item * 17);
    let weighed = |(i, b): (usize, u8)| u64::from(b - b'0') * if i % 2 == 0 { 1 } else { 3 };
    let sum: u64 = digits.bytes().enumerate().map(weighed).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The files of a TSV.
pub(crate) fn files(tsv: &'static str) -> BTreeMap<&'static str, File> {
    let mut columns: BTreeMap<&str, Vec<[&'static str; 3]>> = BTreeMap::new();
    for line in tsv.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, column, meaning, values] = fields[..] else { panic!("{line}") };
        columns.entry(file).or_default().push([column, meaning, values]);
    }
    let quoted = |cell: &str| {
        if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
    };
    let file = |(name, columns): (&'static str, Vec<[&'static str; 3]>)| {
        let mut lines = vec![columns.iter().map(|c| quoted(c[0])).collect::<Vec<_>>().join(",")];
        for row in rows(name) {
            let cells = columns.iter().map(|c| quoted(&cell(name, c[0], c[2], &row)));
            lines.push(cells.collect::<Vec<_>>().join(","));
        }
        (name, (lines.join("\n") + "\n", columns.into_iter().map(|c| (c[0], c[1])).collect()))
    };
    columns.into_iter().map(file).collect()
}
