//! The digest that a file's name carries, and the digests of its blocks, which add up to it.
//!
//! A part of a table is called after the BLAKE3 digest of its content (`part-00000-0123456789abcdef.parquet`). BLAKE3 is a tree:
//! the digest of a file is made of those of its blocks. So a file beside the part (`….tree`) that lists the digests of its blocks
//! is itself held against the name, and then any block against the list, without reading the others. Source: J. O'Connor and
//! others, "BLAKE3: one function, fast everywhere", sections 2.1 and 6.

use blake3::hazmat::{ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};

/// Bytes of a block: what a reader that wants one value reads at most beside it. A power of two of at least one KiB, as the tree
/// wants; larger lists are shorter, smaller blocks cost point queries less.
pub(super) const BLOCK: u64 = 256 << 10;

/// Hexadecimal digits of a digest in a name: 64 bits, against accidents. Who can write to the lake can write any name.
const DIGITS: usize = 16;

/// The digest of a content as names carry it, and the digests of its blocks as they are kept beside it; none for a file of one
/// block, which its name tells.
pub(crate) fn of_content(content: &[u8]) -> (String, Option<Vec<u8>>) {
    let size = content.len() as u64;
    if size <= BLOCK {
        return (blake3::hash(content).to_hex()[..DIGITS].to_string(), None);
    }
    let blocks = content.chunks(BLOCK as usize).enumerate();
    let digests: Vec<ChainingValue> = blocks.map(|(number, block)| block_digest(number as u64, block)).collect();
    (root(&digests, size)[..DIGITS].to_string(), Some(digests.concat()))
}

/// The digest in the name of a part: its last word before `.parquet`. `None` where it is no part.
pub(super) fn of_part(name: &str) -> Option<&str> {
    let (words, digest) = name.strip_prefix("part-")?.strip_suffix(".parquet")?.rsplit_once('-')?;
    let is_digest = digest.len() == DIGITS && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (is_digest && !words.is_empty()).then_some(digest)
}

/// Whether a file has the content that its name carries the digest of; `None` where its name carries none.
pub(crate) fn fits(name: &str, content: &[u8]) -> Option<bool> {
    of_part(name).map(|digest| of_content(content).0 == digest)
}

/// The part that a list of blocks belongs to, where a name is that of such a list.
pub(crate) fn part_of_tree(name: &str) -> Option<String> {
    name.strip_suffix(".tree").map(|part| format!("{part}.parquet"))
}

/// The name of the list of a part's blocks.
pub(crate) fn tree_name(part: &str) -> String {
    format!("{}.tree", part.strip_suffix(".parquet").unwrap_or(part))
}

/// The digests of a file's blocks, held against the digest in its name.
#[derive(Debug)]
pub(super) struct Blocks(Vec<ChainingValue>);

impl Blocks {
    /// Reads a list for a file of `size` bytes; `None` where it is not the list of this file.
    pub(super) fn read(list: &[u8], size: u64, digest: &str) -> Option<Self> {
        let digests: Vec<ChainingValue> = list.chunks_exact(32).filter_map(|d| d.try_into().ok()).collect();
        let whole = list.len().is_multiple_of(32) && digests.len() as u64 == size.div_ceil(BLOCK) && size > BLOCK;
        (whole && root(&digests, size)[..DIGITS] == *digest).then_some(Blocks(digests))
    }

    /// Whether a block has the content that it should have.
    pub(super) fn holds(&self, number: u64, block: &[u8]) -> bool {
        self.0.get(number as usize) == Some(&block_digest(number, block))
    }
}

fn block_digest(number: u64, block: &[u8]) -> ChainingValue {
    blake3::Hasher::new().set_input_offset(number * BLOCK).update(block).finalize_non_root()
}

/// The digest of a file of `size` bytes in more than one block, as text.
fn root(blocks: &[ChainingValue], size: u64) -> String {
    let left = left_subtree_len(size);
    let (ours, theirs) = blocks.split_at((left / BLOCK) as usize);
    let (left, right) = (subtree(ours, left), subtree(theirs, size - left));
    merge_subtrees_root(&left, &right, Mode::Hash).to_hex().to_string()
}

fn subtree(blocks: &[ChainingValue], size: u64) -> ChainingValue {
    match blocks {
        [one] => *one,
        _ => {
            let left = left_subtree_len(size);
            let (ours, theirs) = blocks.split_at((left / BLOCK) as usize);
            merge_subtrees_non_root(&subtree(ours, left), &subtree(theirs, size - left), Mode::Hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts() {
        let digest = "0123456789abcdef";
        assert_eq!(of_part(&format!("part-00000-{digest}.parquet")), Some(digest));
        assert_eq!(of_part(&format!("part-r0011223344556677-{digest}.parquet")), Some(digest));
        for other in ["part-0123456789abcdef.parquet", "part-0-0123456789ABCDEF.parquet", "a-0123456789abcdef.parquet"]
        {
            assert_eq!(of_part(other), None, "{other}");
        }
        // As Spark names its files.
        assert_eq!(of_part("part-00000-2befed33-c358-4768-a43c-3eda0d2a499d-c000.snappy.parquet"), None);
    }

    #[test]
    fn blocks_add_up_to_the_digest_of_the_file() {
        let block = BLOCK as usize;
        for size in [block + 1, 2 * block, 2 * block + 1, 3 * block, 5 * block - 7, 8 * block, 9 * block + 1023] {
            let content: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            let (digest, list) = of_content(&content);
            let list = list.expect("blocks");
            assert_eq!(digest, blake3::hash(&content).to_hex()[..DIGITS]);
            let blocks = Blocks::read(&list, size as u64, &digest).expect("the list of this file");
            for (number, bytes) in content.chunks(block).enumerate() {
                assert!(blocks.holds(number as u64, bytes), "{size} {number}");
            }
            let mut other = content[..block].to_vec();
            other[17] ^= 1;
            assert!(!blocks.holds(0, &other) && !blocks.holds(1, &content[..block]) && !blocks.holds(99, &other));
            // Another size, another file, a list that was cut or changed.
            assert!(Blocks::read(&list, size as u64 - BLOCK, &digest).is_none());
            assert!(Blocks::read(&list, size as u64, "0123456789abcdef").is_none());
            assert!(Blocks::read(&list[..list.len() - 1], size as u64, &digest).is_none());
            let mut changed = list.clone();
            changed[3] ^= 4;
            assert!(Blocks::read(&changed, size as u64, &digest).is_none());
        }
        assert!(of_content(&vec![0; block]).1.is_none());
    }
}
