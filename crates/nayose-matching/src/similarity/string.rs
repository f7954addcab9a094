//! Edit distances and Jaro-Winkler, per Unicode scalar value.
//!
//! The answers are those of `strsim` (the tests' oracle), which does the rare long strings. Strings
//! up to 64 characters, which names, addresses and numbers are, take a path without allocation:
//! bytes where both are ASCII, characters on the stack otherwise; Myers' bit-parallel algorithm
//! for Levenshtein (J. ACM 46, 1999).

/// Longest string, in characters, for the paths that fit one machine word.
const WORD: usize = 64;

/// Characters of a string on the stack.
struct Chars {
    buffer: [char; WORD],
    len: usize,
}

impl Chars {
    fn of(s: &str) -> Option<Chars> {
        let mut out = Chars { buffer: ['\0'; WORD], len: 0 };
        for c in s.chars() {
            *out.buffer.get_mut(out.len)? = c;
            out.len += 1;
        }
        Some(out)
    }

    fn as_slice(&self) -> &[char] {
        &self.buffer[..self.len]
    }
}

/// Runs `$body` with `$x` and `$y` as slices of bytes or characters of at most [`WORD`]; else `$long`.
macro_rules! on_units {
    ($a:expr, $b:expr, |$x:ident, $y:ident| $body:expr, $long:expr) => {
        if $a.is_ascii() && $b.is_ascii() {
            if $a.len() <= WORD && $b.len() <= WORD {
                let ($x, $y) = ($a.as_bytes(), $b.as_bytes());
                $body
            } else {
                $long
            }
        } else {
            match (Chars::of($a), Chars::of($b)) {
                (Some(x), Some(y)) => {
                    let ($x, $y) = (x.as_slice(), y.as_slice());
                    $body
                }
                _ => $long,
            }
        }
    };
}

/// Levenshtein: insertions, deletions and replacements that make `a` into `b`, if they are at most `k`.
pub(crate) fn levenshtein_at_most(a: &str, b: &str, k: usize) -> Option<usize> {
    // Bytes differ at least as much as characters do, never the other way: only a cheap way out for ASCII.
    if a.len().abs_diff(b.len()) > k.saturating_mul(4) {
        return None;
    }
    on_units!(a, b, |x, y| myers(x, y, k), Some(strsim::levenshtein(a, b)).filter(|d| *d <= k))
}

/// Damerau-Levenshtein in full: exchanged neighbours are one edit even if more is edited between
/// them. "ca" to "abc" is 2. A metric.
fn damerau_levenshtein(a: &str, b: &str) -> usize {
    on_units!(a, b, |x, y| damerau(x, y), strsim::damerau_levenshtein(a, b))
}

/// [`damerau_levenshtein`], if it is at most `k`.
pub(crate) fn damerau_levenshtein_at_most(a: &str, b: &str, k: usize) -> Option<usize> {
    // An exchange is two edits for Levenshtein, which is far cheaper to rule out.
    levenshtein_at_most(a, b, k.saturating_mul(2))?;
    Some(damerau_levenshtein(a, b)).filter(|distance| *distance <= k)
}

/// Without the ends that both share: they never cost an edit.
fn trimmed<'s, T: PartialEq>(a: &'s [T], b: &'s [T]) -> (&'s [T], &'s [T]) {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - tail], &b[..b.len() - tail])
}

/// A byte or a character.
trait Unit: Copy + PartialEq {
    /// Its slot in a table of [`SLOTS`].
    fn slot(self) -> usize;
}

const SLOTS: usize = 128;

impl Unit for u8 {
    fn slot(self) -> usize {
        usize::from(self) % SLOTS
    }
}

impl Unit for char {
    fn slot(self) -> usize {
        self as usize % SLOTS
    }
}

/// Tells where a unit stands in a pattern, as bits.
struct Positions<'p, T> {
    pattern: &'p [T],
    /// By slot; absent for short work, and where two units of the pattern share a slot.
    table: Option<&'p [u64; SLOTS]>,
}

impl<'p, T: Unit> Positions<'p, T> {
    /// `table` is room, all zero; `lookups` is how often it will be asked.
    fn of(pattern: &'p [T], lookups: usize, table: &'p mut [u64; SLOTS]) -> Self {
        if pattern.len() * lookups < 64 {
            return Positions { pattern, table: None };
        }
        for (i, unit) in pattern.iter().enumerate() {
            let slot = &mut table[unit.slot()];
            if *slot != 0 && pattern[slot.trailing_zeros() as usize] != *unit {
                return Positions { pattern, table: None };
            }
            *slot |= 1 << i;
        }
        Positions { pattern, table: Some(table) }
    }

    fn get(&self, unit: T) -> u64 {
        match self.table {
            Some(table) => match table[unit.slot()] {
                bits if bits != 0 && self.pattern[bits.trailing_zeros() as usize] == unit => bits,
                _ => 0,
            },
            None => self.pattern.iter().enumerate().fold(0, |bits, (i, p)| bits | u64::from(*p == unit) << i),
        }
    }
}

/// The distance of slices of at most [`WORD`], if it is at most `k`.
fn myers<T: Unit>(a: &[T], b: &[T], k: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > k {
        return None;
    }
    let (a, b) = trimmed(a, b);
    let (pattern, text) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if pattern.is_empty() {
        return (text.len() <= k).then_some(text.len());
    }
    let mut table = [0; SLOTS];
    let positions = Positions::of(pattern, text.len(), &mut table);
    let last = 1u64 << (pattern.len() - 1);
    let (mut vp, mut vn) = (!0u64, 0u64);
    let mut score = pattern.len();
    for (done, c) in text.iter().enumerate() {
        let here = positions.get(*c);
        let d0 = ((here & vp).wrapping_add(vp) ^ vp) | here | vn;
        let hp = vn | !(d0 | vp);
        let hn = d0 & vp;
        if hp & last != 0 {
            score += 1;
        } else if hn & last != 0 {
            score -= 1;
        }
        // Each further character of the text can take off one at most.
        if score > k.saturating_add(text.len() - done - 1) {
            return None;
        }
        let hp = (hp << 1) | 1;
        vp = (hn << 1) | !(d0 | hp);
        vn = hp & d0;
    }
    (score <= k).then_some(score)
}

/// Rows and columns of the matrix that stays on the stack.
const SIDE: usize = 26;

fn damerau<T: PartialEq + Copy>(a: &[T], b: &[T]) -> usize {
    let (a, b) = trimmed(a, b);
    if a.is_empty() || b.is_empty() {
        return a.len().max(b.len());
    }
    let width = b.len() + 1;
    if a.len() < SIDE && b.len() < SIDE {
        damerau_in(a, b, &mut [0; SIDE * SIDE][..width * (a.len() + 1)])
    } else {
        damerau_in(a, b, &mut vec![0; width * (a.len() + 1)])
    }
}

/// Lowrance and Wagner's recurrence; `d` holds `(a.len() + 1) * (b.len() + 1)` distances.
fn damerau_in<T: PartialEq + Copy>(a: &[T], b: &[T], d: &mut [u8]) -> usize {
    let width = b.len() + 1;
    let small = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
    for (i, row) in d.chunks_exact_mut(width).enumerate() {
        row[0] = small(i);
    }
    for (j, cell) in d[..width].iter_mut().enumerate() {
        *cell = small(j);
    }
    // For each character of b, the last row (from 1) whose character of a is the same.
    let mut last_row = [0usize; WORD];
    for (i, x) in a.iter().enumerate() {
        let (above, current) = d.split_at_mut((i + 1) * width);
        let (before, current) = (&above[i * width..], &mut current[..width]);
        let mut last_column = 0;
        for (j, (y, last_row)) in b.iter().zip(&mut last_row).enumerate() {
            let same = x == y;
            let mut best = (before[j] + u8::from(!same)).min(before[j + 1] + 1).min(current[j] + 1);
            if *last_row > 0 && last_column > 0 && !same {
                // Exchange the two, edit what stands between them.
                let between = (i + 1 - *last_row) + (j + 1 - last_column) - 1;
                best = best.min(above[(*last_row - 1) * width + last_column - 1].saturating_add(small(between)));
            }
            current[j + 1] = best;
            if same {
                last_column = j + 1;
                *last_row = i + 1;
            }
        }
    }
    d.last().map_or(0, |n| usize::from(*n))
}

/// Jaro-Winkler, if it is at least `t`: above 0.7, a common beginning of up to four characters adds a tenth of what is missing to 1
/// for each.
pub(crate) fn jaro_winkler_at_least(a: &str, b: &str, t: f64) -> Option<f64> {
    let found = on_units!(
        a,
        b,
        |x, y| {
            // The Jaro similarity that the common beginning can still lift to `t`.
            let lift = 0.1 * common_head(x, y) as f64;
            let needed = if t > 0.7 { ((t - lift) / (1.0 - lift)).max(0.7) } else { t };
            // A hair below, so that rounding decides nothing.
            winkler(x, y, jaro_of(x, y, needed - 1e-9)?)
        },
        strsim::jaro_winkler(a, b)
    );
    (found >= t).then_some(found)
}

fn common_head<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count()
}

fn winkler<T: PartialEq>(a: &[T], b: &[T], jaro: f64) -> f64 {
    if jaro > 0.7 { jaro + 0.1 * common_head(a, b) as f64 * (1.0 - jaro) } else { jaro }
}

/// The lowest `n` bits.
fn ones(n: usize) -> u64 {
    if n >= WORD { !0 } else { (1 << n) - 1 }
}

/// The Jaro similarity of slices of at most [`WORD`], unless it is sure to be below `t`.
fn jaro_of<T: Unit>(a: &[T], b: &[T], t: f64) -> Option<f64> {
    let (m, n) = (a.len(), b.len());
    if m == 0 || n == 0 {
        return Some(if m == n { 1.0 } else { 0.0 });
    }
    // Fewer matches than this cannot reach `t`, in whatever order they stand.
    let needed = ((3.0 * t - 1.0) * (m * n) as f64 / (m + n) as f64 - 1e-6).ceil();
    let needed = if needed > 0.0 { needed as usize } else { 0 };
    if m.min(n) < needed {
        return None;
    }
    let range = (m.max(n) / 2).saturating_sub(1);
    let mut table = [0; SLOTS];
    let positions = Positions::of(b, m, &mut table);
    let (mut in_a, mut in_b) = (0u64, 0u64);
    let mut matches = 0;
    for (i, c) in a.iter().enumerate() {
        // Positions from `i - range` to `i + range` that no character before has taken.
        let window = ones(i + range + 1) & !ones(i.saturating_sub(range));
        let open = positions.get(*c) & window & !in_b;
        if open != 0 {
            in_a |= 1 << i;
            in_b |= open & open.wrapping_neg();
            matches += 1;
        }
        if matches + m - i - 1 < needed {
            return None;
        }
    }
    if matches == 0 {
        return Some(0.0);
    }
    let mut exchanged = 0;
    while in_a != 0 && in_b != 0 {
        let (i, j) = (in_a.trailing_zeros() as usize, in_b.trailing_zeros() as usize);
        exchanged += usize::from(a[i] != b[j]);
        in_a &= in_a - 1;
        in_b &= in_b - 1;
    }
    let same_order = matches - exchanged / 2;
    let sum = matches as f64 / m as f64 + matches as f64 / n as f64 + same_order as f64 / matches as f64;
    Some(sum / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_exchange_is_one_edit_for_damerau_alone() {
        assert_eq!((levenshtein_at_most("ca", "abc", 9), damerau_levenshtein("ca", "abc")), (Some(3), 2));
        assert_eq!(
            (levenshtein_at_most("さとう", "さいとう", 1), damerau_levenshtein("かたくら", "かくたら")),
            (Some(1), 1)
        );
    }

    /// Short alphabets make edits meet; long strings and any text leave the fast path.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[abc]{0,9}", "[あいう]{0,9}", "[ab山]{0,30}", "[a-d]{55,75}", r"\PC{0,20}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn as_the_oracle(a in text(), b in text(), k in 0usize..8, t in 0.0f64..1.0) {
            let lev = strsim::levenshtein(&a, &b);
            prop_assert_eq!(levenshtein_at_most(&a, &b, k), Some(lev).filter(|d| *d <= k));
            prop_assert_eq!(levenshtein_at_most(&a, &b, lev), Some(lev));
            let full = strsim::damerau_levenshtein(&a, &b);
            prop_assert_eq!(damerau_levenshtein(&a, &b), full);
            prop_assert_eq!(damerau_levenshtein_at_most(&a, &b, k), Some(full).filter(|d| *d <= k));
            let jw = strsim::jaro_winkler(&a, &b);
            prop_assert_eq!(jaro_winkler_at_least(&a, &b, t), Some(jw).filter(|s| *s >= t));
            prop_assert_eq!(jaro_winkler_at_least(&a, &b, jw), Some(jw));
        }
    }
}
